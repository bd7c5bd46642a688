namespace HyperConn;

/// <summary>A circuit of a server or of the secret store.</summary>
/// <param name="Name"><c>host:port</c>, or <see cref="SecretStore"/>.</param>
/// <param name="State">Its state.</param>
/// <param name="Failure">What opened it, and when it is tried next.</param>
/// <param name="Failures">Failures in a row.</param>
public sealed record CircuitStatistics(string Name, CircuitState State, HyperConnFailure Failure, int Failures)
{
    /// <summary>Name of the secret store's circuit.</summary>
    public const string SecretStore = "secret store";
}
