using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using HyperConn.Host.Demo;

namespace HyperConn.Tests.Support;

/// <summary>Secrets with a version each, which several nodes' stores read.</summary>
internal sealed class KnownSecrets
{
    private readonly ConcurrentDictionary<string, SecretResult.Found> _secrets = new(StringComparer.Ordinal);
    private int _versions;

    public void Put(ProvisionedTenant tenant) => _secrets[NameOf(tenant)] = new SecretResult.Found(
        JsonSerializer.Serialize(new Dictionary<string, string> { [$"{tenant.Key.Service}-postgresql"] = tenant.ConnectionUri }),
        Interlocked.Increment(ref _versions).ToString(CultureInfo.InvariantCulture));

    public string VersionOf(ProvisionedTenant tenant) => _secrets[NameOf(tenant)].VersionId;

    public static string NameOf(ProvisionedTenant tenant) => $"{MemorySecretStore.Project}-{tenant.Key.Org}";

    /// <summary>What one node reads them by. It counts round trips, as Secrets Manager bills them: twenty secrets a call at most.</summary>
    internal sealed class Reader(KnownSecrets secrets) : ISecretStore
    {
        private int _calls;

        public event Action<string?>? Changed;

        public int MaxBatchSize => 20;

        public int Calls => Volatile.Read(ref _calls);

        /// <summary>Tells this node's fetcher, and nobody else, that a secret has changed.</summary>
        public void Tell(string name) => Changed?.Invoke(name);

        public async Task<SecretResult> GetAsync(string name, CancellationToken cancellationToken) =>
            (await GetManyAsync([name], cancellationToken))[name];

        public async Task<IReadOnlyDictionary<string, SecretResult>> GetManyAsync(IReadOnlyCollection<string> names, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _calls);
            await Task.Delay(5, cancellationToken);
            return names.ToDictionary(
                name => name,
                name => secrets._secrets.TryGetValue(name, out var found) ? found : (SecretResult)new SecretResult.Failed(HyperConnErrorCode.SecretNotFound, "not there"),
                StringComparer.Ordinal);
        }

        public async IAsyncEnumerable<string> ListNamesAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await Task.Yield();
            foreach (var name in secrets._secrets.Keys.Where(name => name.StartsWith(prefix, StringComparison.Ordinal)))
                yield return name;
        }

        public Task<string> StoreAsync(string name, string value, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
