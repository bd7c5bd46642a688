namespace HyperConn;

/// <summary>Where tenants' secrets are kept. One secret is a named JSON object with one entry per service.</summary>
/// <remarks>
/// Implementations are safe for concurrent use and answer expected failures with a
/// <see cref="SecretResult.Failed"/>, not with an exception. Only cancellation throws.
/// </remarks>
public interface ISecretStore
{
    /// <summary>Most names one <see cref="GetManyAsync"/> may ask for; 1 where the store has no batch call. AWS: 20.
    /// May change: read it before each call.</summary>
    int MaxBatchSize { get; }

    /// <summary>Reads the current version of one secret.</summary>
    /// <param name="name">Plain name of the secret.</param>
    /// <param name="cancellationToken">Ends the call early.</param>
    /// <returns>The secret or why it can't be had.</returns>
    Task<SecretResult> GetAsync(string name, CancellationToken cancellationToken);

    /// <summary>Reads several secrets in one call.</summary>
    /// <param name="names">1 to <see cref="MaxBatchSize"/> different plain names.</param>
    /// <param name="cancellationToken">Ends the call early.</param>
    /// <returns>One result for each name asked for; one name's failure does not fail the others.</returns>
    Task<IReadOnlyDictionary<string, SecretResult>> GetManyAsync(IReadOnlyCollection<string> names, CancellationToken cancellationToken);

    /// <summary>Lists the names of all secrets that start with a prefix.</summary>
    /// <param name="prefix">Prefix; compared exactly, case-sensitive.</param>
    /// <param name="cancellationToken">Ends the listing early.</param>
    /// <returns>The names, in the store's order.</returns>
    /// <exception cref="HyperConnException">The store can't be read.</exception>
    IAsyncEnumerable<string> ListNamesAsync(string prefix, CancellationToken cancellationToken);

    /// <summary>Creates a secret, or gives an existing one a new current version.</summary>
    /// <param name="name">Plain name of the secret.</param>
    /// <param name="value">The whole JSON text.</param>
    /// <param name="cancellationToken">Ends the call early.</param>
    /// <returns>The version id of what is stored now.</returns>
    /// <exception cref="HyperConnException">The store refused or can't be reached.</exception>
    Task<string> StoreAsync(string name, string value, CancellationToken cancellationToken);

    /// <summary>
    /// Raised with the name of a secret that changed, by stores that notice (the file store); null name: any of them.
    /// Handlers must return quickly and not throw.
    /// </summary>
    event Action<string?>? Changed;
}
