using System.Globalization;
using System.Runtime.CompilerServices;
using HyperConn.Host.Workers;

namespace HyperConn.Host.Demo;

/// <summary>Endless events of the tenants in the way of the world: the k-th tenant has 1/k of the first one's (Zipf's law).</summary>
internal sealed class GeneratedEvents : ITenantEventSource
{
    private readonly IReadOnlyList<ProvisionedTenant> _tenants;
    private readonly double[] _cumulated;
    private readonly Random _random;

    /// <param name="tenants">Tenants, the busiest first.</param>
    /// <param name="random">Source of chance.</param>
    public GeneratedEvents(IReadOnlyList<ProvisionedTenant> tenants, Random random)
    {
        (_tenants, _random) = (tenants, random);
        _cumulated = new double[tenants.Count];
        var sum = 0.0;
        for (var k = 0; k < _cumulated.Length; k++)
            _cumulated[k] = sum += 1.0 / (k + 1);
    }

    public async IAsyncEnumerable<Delivery> ReadAsync([EnumeratorCancellation] CancellationToken stop)
    {
        for (long number = 1; !stop.IsCancellationRequested; number++)
        {
            var id = number.ToString(CultureInfo.InvariantCulture);
            yield return new Delivery($"event {id}", "", new TenantEvent(Pick().Key, "demo", id, $"{{\"number\": {id}}}"));
        }

        await Task.CompletedTask;
    }

    public Task CompleteAsync(Delivery delivery, EventOutcome outcome) => Task.CompletedTask;

    internal ProvisionedTenant Pick()
    {
        var at = Array.BinarySearch(_cumulated, _random.NextDouble() * _cumulated[^1]);
        return _tenants[Math.Min(at < 0 ? ~at : at, _tenants.Count - 1)];
    }
}
