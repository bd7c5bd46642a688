namespace HyperConn;

/// <summary>State of a circuit.</summary>
public enum CircuitState
{
    /// <summary>Asks go through.</summary>
    Closed,

    /// <summary>One ask is let through to see whether it is well again.</summary>
    HalfOpen,

    /// <summary>Asks are answered at once with the remembered failure.</summary>
    Open,
}
