namespace HyperConn.Servers;

/// <summary>What stands at an endpoint.</summary>
internal enum ServerKind
{
    /// <summary>No session has said yet.</summary>
    Unknown,

    /// <summary>PostgreSQL itself: a session is the process that its login names.</summary>
    Server,

    /// <summary>A pooler, such as PgBouncer: statements are done by other processes than the login names.</summary>
    Pooler,
}
