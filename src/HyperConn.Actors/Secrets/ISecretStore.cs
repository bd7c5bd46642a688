using HyperConn.Secrets;

namespace HyperConn;

/// <summary>Where tenants' secrets are kept. One secret is a named JSON object with one entry per service.</summary>
/// <remarks>
/// Implementations are safe for concurrent use and answer expected failures with a
/// <see cref="SecretResult.Failed"/>, not with an exception. Only cancellation throws. <see cref="GetAsync"/> is all that a store must
/// have; each other member says what it does where an implementation leaves it out.
/// </remarks>
/// <example>
/// <code>
/// sealed class VaultSecretStore(VaultClient vault) : ISecretStore
/// {
///     public async Task&lt;SecretResult&gt; GetAsync(string name, CancellationToken cancellationToken) =>
///         await vault.ReadAsync(name, cancellationToken) is { } secret
///             ? new SecretResult.Found(secret.Text, secret.Version)
///             : new SecretResult.Failed(HyperConnErrorCode.SecretNotFound, $"The vault has no secret '{name}'.");
/// }
///
/// services.AddSingleton&lt;ISecretStore, VaultSecretStore&gt;();
/// </code>
/// </example>
public interface ISecretStore
{
    /// <summary>Largest number of names one <see cref="GetManyAsync"/> may ask for; 1 where the store has no batch call. AWS: 20.
    /// May change: read it before each call. Left out: 1.</summary>
    int MaxBatchSize => 1;

    /// <summary>Reads the current version of one secret.</summary>
    /// <param name="name">Plain name of the secret.</param>
    /// <param name="cancellationToken">Ends the call early.</param>
    /// <returns>The secret or why it can't be had.</returns>
    Task<SecretResult> GetAsync(string name, CancellationToken cancellationToken);

    /// <summary>Reads several secrets in one call. Left out: reads one after another with <see cref="GetAsync"/>.</summary>
    /// <param name="names">1 to <see cref="MaxBatchSize"/> different plain names.</param>
    /// <param name="cancellationToken">Ends the call early.</param>
    /// <returns>One result for each name asked for; one name's failure does not fail the others.</returns>
    Task<IReadOnlyDictionary<string, SecretResult>> GetManyAsync(IReadOnlyCollection<string> names, CancellationToken cancellationToken) =>
        SecretStoreDefaults.GetManyAsync(this, names, cancellationToken);

    /// <summary>
    /// Lists the names of all secrets that start with a prefix: for <see cref="ITenantPools.ListOrgIdsAsync"/> and for preloading every
    /// tenant. Left out: refuses with <see cref="HyperConnErrorCode.NotConfigured"/>.
    /// </summary>
    /// <param name="prefix">Prefix; compared exactly, case-sensitive.</param>
    /// <param name="cancellationToken">Ends the listing early.</param>
    /// <returns>The names, in the store's order.</returns>
    /// <exception cref="HyperConnException">The store can't be read, or can't list.</exception>
    IAsyncEnumerable<string> ListNamesAsync(string prefix, CancellationToken cancellationToken) =>
        throw SecretStoreDefaults.Unsupported(this, "list secrets", nameof(ListNamesAsync));

    /// <summary>
    /// Creates a secret, or gives an existing one a new current version: for <see cref="ITenantPools.StoreSecretAsync"/>. Left out:
    /// refuses with <see cref="HyperConnErrorCode.NotConfigured"/>.
    /// </summary>
    /// <param name="name">Plain name of the secret.</param>
    /// <param name="value">The whole JSON text.</param>
    /// <param name="cancellationToken">Ends the call early.</param>
    /// <returns>The version id of what is stored now.</returns>
    /// <exception cref="HyperConnException">The store refused, can't be reached or can't write.</exception>
    Task<string> StoreAsync(string name, string value, CancellationToken cancellationToken) =>
        Task.FromException<string>(SecretStoreDefaults.Unsupported(this, "store secrets", nameof(StoreAsync)));

    /// <summary>
    /// Raised with the name of a secret that changed, by stores that notice (the file store); null name: any of them.
    /// Handlers must return quickly and not throw. Left out: never raised; changes are noticed by the age of what was read, by a
    /// refused login, or by whoever calls <see cref="ITenantPools.RefreshAsync"/>.
    /// </summary>
    event Action<string?>? Changed
    {
        add { }
        remove { }
    }
}
