namespace HyperConn.Servers;

/// <summary>One PostgreSQL server: host (lower case; or a socket folder) and port.</summary>
internal readonly record struct ServerEndpoint(string Host, int Port) : IComparable<ServerEndpoint>
{
    public int CompareTo(ServerEndpoint other)
    {
        var byHost = string.CompareOrdinal(Host, other.Host);
        return byHost != 0 ? byHost : Port.CompareTo(other.Port);
    }

    public override string ToString() => Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
}
