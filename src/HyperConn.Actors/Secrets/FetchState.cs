namespace HyperConn.Secrets;

/// <summary>How far the fetch of a secret has come.</summary>
internal enum FetchState
{
    /// <summary>None is wanted.</summary>
    Idle,

    /// <summary>Waits for its batch.</summary>
    Queued,

    /// <summary>The store has been asked.</summary>
    Sent,
}
