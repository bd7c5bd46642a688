using System.Diagnostics.CodeAnalysis;

namespace HyperConn.Events;

/// <summary>
/// Decides whose event is next. No tenant takes all workers: one tenant gets at most half of them (one, where its order is kept), and all
/// tenants that could not be reached lately get a quarter together, since each of their events may wait for its whole deadline. Tenants
/// take turns. A failed event is tried again after a pause; where order is kept, and when the tenant can't be reached, the tenant's
/// others wait with it. What is held is bounded in number and bytes. Thread-safe.
/// </summary>
internal sealed class TenantTurns(TenantEventOptions options, bool isOrdered, TimeProvider time, Random random)
{
    // Read ahead of the workers, so that none waits for a source that takes long to answer.
    private const int AheadPerWorker = 2;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(15);

    private readonly Lock _gate = new();
    private readonly Dictionary<TenantKey, TenantQueue> _tenants = [];
    private readonly LinkedList<TenantQueue> _well = [];
    private readonly LinkedList<TenantQueue> _unwell = [];
    private readonly LinkedList<TenantQueue> _remembered = [];
    private readonly PriorityQueue<TenantQueue, long> _paused = new();
    private int _underWay;
    private int _unwellUnderWay;
    private int _waiting;
    private long _bytes;

    /// <summary>
    /// Most tenants without events that are remembered because they could not be reached. Beyond that, those whose last event ended longest ago
    /// are forgotten: their next event is tried as if they were well, and has its whole time.
    /// </summary>
    public const int MostRemembered = 10_000;

    /// <summary>Tenants that have events here, or are remembered.</summary>
    public int Tenants
    {
        get
        {
            lock (_gate)
                return _tenants.Count;
        }
    }

    /// <summary>Most events of one tenant under way.</summary>
    public int MostOfOne { get; } = isOrdered ? 1 : Math.Max(1, options.Workers / 2);

    /// <summary>Most events under way of all tenants that could not be reached lately.</summary>
    public int MostOfUnwell { get; } = Math.Max(1, options.Workers / 4);

    /// <summary>Events that wait, for a turn or for a retry.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>Events under way.</summary>
    public int UnderWay => Volatile.Read(ref _underWay);

    /// <summary>
    /// Whether a further event should be read: a few ahead of the workers, and beyond that only while workers are idle because nothing that
    /// waits may begin. Tenants take turns, so a long line would give each the same share of the connections, whatever the source has of it.
    /// </summary>
    public bool WantsMore
    {
        get
        {
            lock (_gate)
            {
                return _waiting < options.MaxWaiting && _bytes < options.MaxWaitingBytes
                    && (_waiting < options.Workers * AheadPerWorker || (_underWay < options.Workers && NextLine is null));
            }
        }
    }

    /// <summary>Whether nothing waits and nothing is under way.</summary>
    public bool IsIdle
    {
        get
        {
            lock (_gate)
                return _underWay == 0 && _waiting == 0;
        }
    }

    /// <summary>Time until a paused tenant may go on; null: none is paused.</summary>
    public TimeSpan? NextDue
    {
        get
        {
            lock (_gate)
            {
                return !_paused.TryPeek(out _, out var due) ? null
                    : due <= Now ? TimeSpan.Zero
                    : TimeSpan.FromSeconds((double)(due - Now) / time.TimestampFrequency);
            }
        }
    }

    /// <summary>The line whose first tenant has the next turn; null: nothing that waits may begin.</summary>
    private LinkedList<TenantQueue>? NextLine =>
        _unwell.Count > 0 && _unwellUnderWay < MostOfUnwell ? _unwell : _well.Count > 0 ? _well : null;

    private long Now => time.GetTimestamp();

    /// <summary>Adds an event.</summary>
    public void Add(EventWork work)
    {
        lock (_gate)
        {
            if (!_tenants.TryGetValue(work.Event.Tenant, out var tenant))
                _tenants.Add(work.Event.Tenant, tenant = new TenantQueue(work.Event.Tenant));
            tenant.Waiting.AddLast(work);
            _waiting++;
            _bytes += work.Bytes;
            Place(tenant);
        }
    }

    /// <summary>Takes the next event that may begin. Tell <see cref="End"/> or <see cref="TryRetry"/> when it has ended.</summary>
    public bool TryTake([NotNullWhen(true)] out EventWork? work)
    {
        lock (_gate)
        {
            work = null;
            while (_paused.TryPeek(out var next, out var due) && due <= Now)
            {
                _paused.Dequeue();
                if (next.PausedUntil == due)
                {
                    next.PausedUntil = 0;
                    Place(next);
                }
            }

            if (_underWay >= options.Workers)
                return false;
            if (NextLine?.First is not { } first)
                return false;
            var tenant = first.Value;
            work = tenant.Take(Now);
            work.Attempts++;
            _waiting--;
            _underWay++;
            tenant.UnderWay++;
            if (tenant.IsUnwell)
                _unwellUnderWay++;
            Place(tenant);
            return true;
        }
    }

    /// <summary>An event ended.</summary>
    /// <param name="work">The event.</param>
    /// <param name="fault">Why it failed; null: it did not.</param>
    public void End(EventWork work, EventFault? fault)
    {
        lock (_gate)
        {
            var tenant = Return(work, fault?.IsAway == true);
            _bytes -= work.Bytes;
            Place(tenant);
        }
    }

    /// <summary>An attempt failed for a reason that may pass: the event waits for another one, ahead of its tenant's later ones.</summary>
    /// <returns>False: it was retried for long enough, and has not been put back; <see cref="End"/> is still to be told.</returns>
    public bool TryRetry(EventWork work, EventFault fault)
    {
        lock (_gate)
        {
            var now = Now;
            work.FailedSince ??= now;
            var tenant = _tenants[work.Event.Tenant];
            var since = fault.IsAway && tenant.AwaySince is { } away && away < work.FailedSince ? away : work.FailedSince.Value;
            if (time.GetElapsedTime(since, now) >= options.RetryFor)
                return false;
            Return(work, fault.IsAway);
            var failures = fault.IsAway ? tenant.NextFailure(now) : work.Attempts;
            var due = now + (long)(Pause(failures).TotalSeconds * time.TimestampFrequency);
            if (isOrdered || fault.IsAway)
            {
                tenant.Waiting.AddFirst(work);
                tenant.NotBefore = Math.Max(tenant.NotBefore, due);
            }
            else
            {
                tenant.Later.Enqueue(work, due);
            }

            _waiting++;
            Place(tenant);
            return true;
        }
    }

    /// <summary>Takes all events that wait, which then never begin, in the order of each tenant.</summary>
    public IReadOnlyList<EventWork> TakeWaiting()
    {
        lock (_gate)
        {
            var all = new List<EventWork>(_waiting);
            foreach (var tenant in _tenants.Values.Where(tenant => !tenant.IsEmpty).ToList())
            {
                all.AddRange(tenant.TakeAll());
                Place(tenant);
            }

            _bytes -= all.Sum(work => (long)work.Bytes);
            _waiting = 0;
            return all;
        }
    }

    private TimeSpan Pause(int failures)
    {
        var whole = FirstPause * Math.Pow(2, Math.Clamp(failures - 1, 0, 20));
        return (whole < LongestPause ? whole : LongestPause) * (0.5 + (random.NextDouble() / 2));
    }

    private TenantQueue Return(EventWork work, bool isAway)
    {
        var tenant = _tenants[work.Event.Tenant];
        if (tenant.IsUnwell)
            _unwellUnderWay--;
        _underWay--;
        tenant.UnderWay--;
        if (tenant.IsUnwell != isAway)
            _unwellUnderWay += isAway ? tenant.UnderWay : -tenant.UnderWay;
        tenant.Note(isAway, Now);
        return tenant;
    }

    /// <summary>Puts the tenant where it belongs: in one of the lines, among the paused, or nowhere.</summary>
    private void Place(TenantQueue tenant)
    {
        var now = Now;
        var due = tenant.UnderWay < MostOfOne ? tenant.DueAt(now) : null;
        var hasNone = tenant is { UnderWay: 0, IsEmpty: true };
        var list = hasNone && tenant.IsUnwell ? _remembered : due > now || due is null ? null : tenant.IsUnwell ? _unwell : _well;
        // One that stays in its line goes to the end only after its turn.
        if (tenant.Line is { } line && (line != list || tenant.HadTurn))
        {
            line.Remove(tenant.Node);
            tenant.Line = null;
        }

        tenant.HadTurn = false;
        if (list is not null && tenant.Line is null)
        {
            list.AddLast(tenant.Node);
            tenant.Line = list;
        }

        // An entry of before that is still among the paused is passed over there.
        if (due is not { } later || later <= now)
        {
            tenant.PausedUntil = 0;
        }
        else if (later != tenant.PausedUntil)
        {
            tenant.PausedUntil = later;
            _paused.Enqueue(tenant, later);
        }

        // One that is away is remembered: the next event must not begin its patience anew.
        if (hasNone && !tenant.IsUnwell)
            _tenants.Remove(tenant.Key);
        else if (_remembered.Count > MostRemembered)
            ForgetOldest();
    }

    private void ForgetOldest()
    {
        var oldest = _remembered.First!.Value;
        _remembered.RemoveFirst();
        oldest.Line = null;
        _tenants.Remove(oldest.Key);
    }
}
