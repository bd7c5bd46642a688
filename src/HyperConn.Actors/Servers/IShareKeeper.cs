namespace HyperConn.Servers;

/// <summary>Agrees with other processes how much of each server is whose. Thread-safe; its answers come as <see cref="ShareGiven"/>.</summary>
internal interface IShareKeeper
{
    /// <summary>A server is used for the first time. Nothing of it is this process's until a share is given.</summary>
    NodeShare Begin(ServerState server);

    /// <summary>What a budget has and needs has changed.</summary>
    void Report(ServerNeed need);
}
