using System.Globalization;
using System.Runtime.CompilerServices;
using HyperConn.Events;

namespace HyperConn.Host.Demo;

/// <summary>Events of the tenants in the way of the world: the k-th tenant has 1/k of the first one's (Zipf's law).</summary>
internal sealed class GeneratedEvents : ITenantEventSource
{
    private readonly IReadOnlyList<ProvisionedTenant> _tenants;
    private readonly ZipfRanks _ranks;
    private readonly long _first;
    private readonly long _last;

    /// <param name="tenants">Tenants, the busiest first.</param>
    /// <param name="random">Source of chance.</param>
    /// <param name="first">Number of the first event, which is its id.</param>
    /// <param name="count">How many; null: without end.</param>
    public GeneratedEvents(IReadOnlyList<ProvisionedTenant> tenants, Random random, long first = 1, long? count = null)
    {
        (_tenants, _first, _last) = (tenants, first, count is null ? long.MaxValue : first + count.Value - 1);
        _ranks = new ZipfRanks(tenants.Count, random);
    }

    public string Name => "demo";

    public string IdScope => "demo";

    public bool IsOrdered => false;

    /// <summary>What is handed back can be thought of again.</summary>
    public bool Redelivers => true;

    public TimeSpan? ExtendEvery => null;

    public async IAsyncEnumerable<TenantDelivery> ReadAsync([EnumeratorCancellation] CancellationToken stop)
    {
        for (var number = _first; number <= _last && !stop.IsCancellationRequested; number++)
        {
            var id = number.ToString(CultureInfo.InvariantCulture);
            yield return new TenantDelivery { Place = $"event {id}", Event = new TenantEvent(Pick().Key, "demo", id, $"{{\"number\": {id}}}") };
        }

        await Task.CompletedTask;
    }

    public ValueTask CompleteAsync(TenantDelivery delivery, EventOutcome outcome, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public ValueTask AbandonAsync(TenantDelivery delivery, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public ValueTask ExtendAsync(IReadOnlyCollection<TenantDelivery> deliveries, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public EventSourceStatistics GetStatistics() => new();

    public ValueTask FlushAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    internal ProvisionedTenant Pick() => _tenants[_ranks.Next()];
}
