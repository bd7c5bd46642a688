namespace HyperConn.Chaos.Observations;

/// <summary>Who is told what workers do and see. Thread-safe.</summary>
internal interface IJournal
{
    /// <summary>A write begins.</summary>
    /// <returns>Its number.</returns>
    long BeginWrite(string tenant);

    /// <summary>The server has acknowledged a write.</summary>
    void Acknowledged(long write);

    /// <summary>A session said who it is.</summary>
    void Session(SessionFact fact);

    /// <summary>A piece of work ended well.</summary>
    void Succeeded(Site site, TenantKey tenant, string flavour, TimeSpan began);

    /// <summary>A piece of work failed.</summary>
    void Failed(ErrorFact error);
}
