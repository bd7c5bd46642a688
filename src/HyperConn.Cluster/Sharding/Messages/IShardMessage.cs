namespace HyperConn.Cluster.Sharding.Messages;

/// <summary>What goes between those who send a tenant's events and the node that handles them. Goes over the network, so each has a form of its own
/// there.</summary>
internal interface IShardMessage;
