using System.Runtime.CompilerServices;
using HyperConn.Pools;

namespace HyperConn.Tests.Secrets;

/// <summary>Entries of one organisation stored at once, as provisioning does.</summary>
public class StoringBesideEachOtherSpecs
{
    [Fact]
    public async Task Two_services_of_one_organisation_stored_at_the_same_time_are_both_kept()
    {
        var store = new SlowStore();
        var pools = new TenantPools(new PoolRuntime(new HyperConnOptions { ProjectName = "martech" }), store);
        await Task.WhenAll(
            pools.StoreSecretAsync(TenantKey.Create("core", "acme"), "postgresql://u:p@db1/core"),
            pools.StoreSecretAsync(TenantKey.Create("billing", "acme"), "postgresql://u:p@db1/billing"));
        Assert.Contains("core-postgresql", store.Text, StringComparison.Ordinal);
        Assert.Contains("billing-postgresql", store.Text, StringComparison.Ordinal);
    }

    private sealed class SlowStore : ISecretStore
    {
        public event Action<string?>? Changed
        {
            add { }
            remove { }
        }

        public string Text { get; private set; } = "{}";

        public int MaxBatchSize => 1;

        public async Task<SecretResult> GetAsync(string name, CancellationToken cancellationToken)
        {
            var text = Text;
            await Task.Delay(100, cancellationToken);
            return new SecretResult.Found(text, "v");
        }

        public Task<IReadOnlyDictionary<string, SecretResult>> GetManyAsync(IReadOnlyCollection<string> names, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public async IAsyncEnumerable<string> ListNamesAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await Task.CompletedTask;
            yield break;
        }

        public async Task<string> StoreAsync(string name, string value, CancellationToken cancellationToken)
        {
            await Task.Delay(100, cancellationToken);
            Text = value;
            return "v";
        }
    }
}
