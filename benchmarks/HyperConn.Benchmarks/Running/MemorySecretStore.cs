using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace HyperConn.Benchmarks.Running;

/// <summary>Secrets in memory, in batches of 20 as AWS has them, with a set time for each call. Counts its calls.</summary>
internal sealed class MemorySecretStore(TimeSpan callTime = default) : ISecretStore
{
    private readonly ConcurrentDictionary<string, SecretResult> _secrets = new(StringComparer.Ordinal);
    private int _calls;
    private int _version;

    public int MaxBatchSize => 20;

    public int Calls => Volatile.Read(ref _calls);

    public event Action<string?>? Changed
    {
        add { }
        remove { }
    }

    public void Put(string name, string text) =>
        _secrets[name] = new SecretResult.Found(text, (++_version).ToString(CultureInfo.InvariantCulture));

    public async Task<SecretResult> GetAsync(string name, CancellationToken cancellationToken)
    {
        await CallAsync(cancellationToken);
        return Find(name);
    }

    public async Task<IReadOnlyDictionary<string, SecretResult>> GetManyAsync(IReadOnlyCollection<string> names, CancellationToken cancellationToken)
    {
        await CallAsync(cancellationToken);
        return names.ToDictionary(name => name, Find, StringComparer.Ordinal);
    }

    public async IAsyncEnumerable<string> ListNamesAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await CallAsync(cancellationToken);
        foreach (var name in _secrets.Keys.Where(name => name.StartsWith(prefix, StringComparison.Ordinal)))
            yield return name;
    }

    public async Task<string> StoreAsync(string name, string value, CancellationToken cancellationToken)
    {
        await CallAsync(cancellationToken);
        Put(name, value);
        return "1";
    }

    private async Task CallAsync(CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _calls);
        if (callTime > TimeSpan.Zero)
            await Task.Delay(callTime, cancellationToken);
        else
            await Task.Yield();
    }

    private SecretResult Find(string name) => _secrets.TryGetValue(name, out var secret)
        ? secret
        : new SecretResult.Failed(HyperConnErrorCode.SecretNotFound, "There is no such secret.");
}
