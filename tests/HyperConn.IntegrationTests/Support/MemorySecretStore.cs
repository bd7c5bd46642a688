using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using HyperConn.Host.Demo;

namespace HyperConn.Tests.Support;

/// <summary>Secrets in memory: counts calls and can be slow.</summary>
internal sealed class MemorySecretStore : ISecretStore
{
    public const string Project = "test";

    private readonly ConcurrentDictionary<string, ConcurrentDictionary<string, string>> _secrets = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int> _calls = new(StringComparer.Ordinal);
    private int _version;

    public event Action<string?>? Changed;

    public int MaxBatchSize => 20;

    /// <summary>How long each call takes.</summary>
    public Func<CancellationToken, Task> Delay { get; set; } = _ => Task.CompletedTask;

    /// <summary>Calls that asked for a tenant's organisation.</summary>
    public int CallsFor(TenantKey tenant) => _calls.GetValueOrDefault(Name(tenant));

    public MemorySecretStore With(IEnumerable<ProvisionedTenant> tenants)
    {
        foreach (var tenant in tenants)
            Put(tenant.Key, tenant.ConnectionUri);
        return this;
    }

    public MemorySecretStore Put(TenantKey tenant, string credentials)
    {
        PutQuietly(tenant, credentials);
        Changed?.Invoke(Name(tenant));
        return this;
    }

    /// <summary>Changes a secret and tells nobody, as most stores do.</summary>
    public void PutQuietly(TenantKey tenant, string credentials)
    {
        _secrets.GetOrAdd(Name(tenant), _ => new(StringComparer.Ordinal))[$"{tenant.Service}-postgresql"] = credentials;
        Interlocked.Increment(ref _version);
    }

    /// <summary>The version that secrets have now.</summary>
    public string VersionNow => Volatile.Read(ref _version).ToString(CultureInfo.InvariantCulture);

    public async Task<SecretResult> GetAsync(string name, CancellationToken cancellationToken)
    {
        _calls.AddOrUpdate(name, 1, (_, calls) => calls + 1);
        await Delay(cancellationToken);
        return Read(name);
    }

    public async Task<IReadOnlyDictionary<string, SecretResult>> GetManyAsync(IReadOnlyCollection<string> names, CancellationToken cancellationToken)
    {
        foreach (var name in names)
            _calls.AddOrUpdate(name, 1, (_, calls) => calls + 1);
        await Delay(cancellationToken);
        return names.ToDictionary(name => name, Read, StringComparer.Ordinal);
    }

    public async IAsyncEnumerable<string> ListNamesAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.Yield();
        foreach (var name in _secrets.Keys.Where(name => name.StartsWith(prefix, StringComparison.Ordinal)))
            yield return name;
    }

    public Task<string> StoreAsync(string name, string value, CancellationToken cancellationToken) => throw new NotSupportedException();

    private SecretResult Read(string name) => _secrets.TryGetValue(name, out var secret)
        ? new SecretResult.Found(JsonSerializer.Serialize(secret), Volatile.Read(ref _version).ToString(CultureInfo.InvariantCulture))
        : new SecretResult.Failed(HyperConnErrorCode.SecretNotFound, "not there");

    private static string Name(TenantKey tenant) => $"{Project}-{tenant.Org}";
}
