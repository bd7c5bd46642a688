namespace HyperConn.Secrets;

/// <summary>What an <see cref="ISecretStore"/> does that implements no more than it must.</summary>
internal static class SecretStoreDefaults
{
    public static async Task<IReadOnlyDictionary<string, SecretResult>> GetManyAsync(
        ISecretStore store, IReadOnlyCollection<string> names, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(names);
        var results = new Dictionary<string, SecretResult>(names.Count, StringComparer.Ordinal);
        foreach (var name in names)
            results[name] = await store.GetAsync(name, cancellationToken).ConfigureAwait(false);
        return results;
    }

    public static HyperConnException Unsupported(ISecretStore store, string what, string member) => new(new HyperConnFailure(
        HyperConnErrorCode.NotConfigured, $"The secret store in use, {store.GetType().Name}, can't {what}: it does not implement ISecretStore.{member}."));
}
