namespace HyperConn.Tests.Support;

/// <summary>Tests of many processes, one after the other: nodes that get no processor find each other lost.</summary>
[CollectionDefinition(Name)]
public class NodeProcesses
{
    public const string Name = "processes of nodes";
}
