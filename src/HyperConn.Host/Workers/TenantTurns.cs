using System.Diagnostics.CodeAnalysis;

namespace HyperConn.Host.Workers;

/// <summary>
/// Decides whose event is next, so that no tenant takes all workers: one tenant gets at most half of them, and all tenants that could not
/// be reached lately get a quarter together, since each of their events waits for its whole deadline. Events of one tenant keep their
/// order; the rest take turns. Thread-safe.
/// </summary>
/// <param name="workers">Most events under way at once.</param>
internal sealed class TenantTurns(int workers)
{
    /// <summary>Most events that wait for their turn; then no more are read.</summary>
    public const int MostWaiting = 1_000;

    private static readonly HashSet<string> Away = new(StringComparer.Ordinal)
    {
        nameof(HyperConnErrorCode.ServerUnreachable), nameof(HyperConnErrorCode.TimedOut), nameof(HyperConnErrorCode.BudgetTimedOut),
        nameof(HyperConnErrorCode.WaitersFull), nameof(HyperConnErrorCode.Paused), EventOutcome.AskTimeout,
    };

    private readonly Lock _gate = new();
    private readonly Dictionary<TenantKey, Tenant> _tenants = [];
    private readonly LinkedList<Tenant> _waiting = [];
    private readonly HashSet<TenantKey> _unwell = [];
    private int _underWay;
    private int _unwellUnderWay;
    private int _waitingEvents;

    /// <summary>Most events of one tenant under way.</summary>
    public int MostOfOne { get; } = Math.Max(1, workers / 2);

    /// <summary>Most events under way of all tenants that could not be reached lately.</summary>
    public int MostOfUnwell { get; } = Math.Max(1, workers / 4);

    /// <summary>Whether a further event should be read: a worker is free, and not too many wait.</summary>
    public bool WantsMore
    {
        get
        {
            lock (_gate)
                return _underWay < workers && _waitingEvents < MostWaiting;
        }
    }

    /// <summary>Whether nothing waits and nothing is under way.</summary>
    public bool IsIdle
    {
        get
        {
            lock (_gate)
                return _underWay == 0 && _waitingEvents == 0;
        }
    }

    /// <summary>Adds an event.</summary>
    public void Add(TenantKey key, Delivery delivery)
    {
        lock (_gate)
        {
            if (!_tenants.TryGetValue(key, out var tenant))
                _tenants.Add(key, tenant = new Tenant(key));
            if (tenant.Waiting.Count == 0)
                _waiting.AddLast(tenant);
            tenant.Waiting.Enqueue(delivery);
            _waitingEvents++;
        }
    }

    /// <summary>Takes the next event that may begin. Tell <see cref="End"/> when it has ended.</summary>
    public bool TryTake([NotNullWhen(true)] out Delivery? delivery)
    {
        lock (_gate)
        {
            delivery = null;
            if (_underWay >= workers)
                return false;
            var node = _waiting.First;
            while (node is not null && !MayBegin(node.Value))
                node = node.Next;
            if (node is null)
                return false;
            var tenant = node.Value;
            _waiting.Remove(node);
            delivery = tenant.Waiting.Dequeue();
            if (tenant.Waiting.Count > 0)
                _waiting.AddLast(node);
            _waitingEvents--;
            _underWay++;
            tenant.UnderWay++;
            if (_unwell.Contains(tenant.Key))
                _unwellUnderWay++;
            return true;
        }
    }

    /// <summary>An event ended.</summary>
    public void End(TenantKey key, EventOutcome outcome)
    {
        lock (_gate)
        {
            var tenant = _tenants[key];
            if (_unwell.Contains(key))
                _unwellUnderWay--;
            _underWay--;
            tenant.UnderWay--;
            if (outcome.Result != EventResult.Failed ? _unwell.Remove(key) : Away.Contains(outcome.Cause ?? "") && _unwell.Add(key))
                _unwellUnderWay += _unwell.Contains(key) ? tenant.UnderWay : -tenant.UnderWay;
            if (tenant is { UnderWay: 0, Waiting.Count: 0 })
                _tenants.Remove(key);
        }
    }

    /// <summary>Takes all events that wait, which then never begin.</summary>
    public IReadOnlyList<Delivery> TakeWaiting()
    {
        lock (_gate)
        {
            var all = _waiting.SelectMany(tenant => tenant.Waiting).ToList();
            foreach (var tenant in _waiting)
            {
                tenant.Waiting.Clear();
                if (tenant.UnderWay == 0)
                    _tenants.Remove(tenant.Key);
            }

            _waiting.Clear();
            _waitingEvents = 0;
            return all;
        }
    }

    private bool MayBegin(Tenant tenant) =>
        tenant.UnderWay < MostOfOne && (!_unwell.Contains(tenant.Key) || _unwellUnderWay < MostOfUnwell);

    private sealed class Tenant(TenantKey key)
    {
        public TenantKey Key { get; } = key;

        public Queue<Delivery> Waiting { get; } = new();

        public int UnderWay { get; set; }
    }
}
