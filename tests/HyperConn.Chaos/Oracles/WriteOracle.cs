using System.Collections.Concurrent;
using HyperConn.Chaos.Observations;

namespace HyperConn.Chaos.Oracles;

/// <summary>
/// Every acknowledged write is there exactly once, every other at most once, each in its own tenant's table, and nothing is there that nobody wrote.
/// </summary>
internal sealed class WriteOracle : Oracle
{
    private readonly ConcurrentDictionary<long, Write> _writes = new();
    private long _last;

    public override string Name => "writes";

    public override string Watches => "rows in all tenants' tables, against what was acknowledged";

    /// <summary>Writes whose fate is not known.</summary>
    public int Open => _writes.Values.Count(write => !write.Acknowledged);

    /// <summary>A write begins.</summary>
    /// <returns>Its number, to be written into the row.</returns>
    public long Begin(string tenant)
    {
        var id = Interlocked.Increment(ref _last);
        _writes[id] = new Write(tenant);
        return id;
    }

    /// <summary>The server has acknowledged it.</summary>
    public void Acknowledge(long id)
    {
        if (_writes.TryGetValue(id, out var write))
            write.Acknowledged = true;
    }

    /// <summary>It was never sent.</summary>
    public void Withdraw(long id)
    {
        if (_writes.TryGetValue(id, out var write) && !write.Acknowledged)
            _writes.TryRemove(id, out _);
    }

    /// <summary>
    /// Judges all rows of some tenants, found while nobody writes. They are removed afterwards, and what was judged is forgotten; a write that was not
    /// acknowledged and is not there may still come.
    /// </summary>
    /// <param name="rows">Every row of their tables.</param>
    /// <param name="tenants">Tenants whose tables were read.</param>
    public void Judge(IEnumerable<WrittenRow> rows, IReadOnlyCollection<string> tenants)
    {
        var read = tenants.ToHashSet(StringComparer.Ordinal);
        var seen = new HashSet<long>();
        foreach (var row in rows)
        {
            Observed();
            if (!_writes.TryGetValue(row.Id, out var write))
                Find($"a row nobody wrote, or that was judged and removed before, is in the table of {row.Table}: write {row.Id} of {row.Tenant}");
            else if (row.Tenant != row.Table || write.Tenant != row.Table)
                Find($"write {row.Id} of {write.Tenant} is in the table of {row.Table} and says it is of {row.Tenant}");
            else if (!seen.Add(row.Id))
                Find($"write {row.Id} of {write.Tenant} is there more than once");
        }

        foreach (var (id, write) in _writes)
        {
            if (!read.Contains(write.Tenant))
                continue;
            if (write.Acknowledged && !seen.Contains(id))
                Find($"write {id} of {write.Tenant} was acknowledged and is not there");
            if (write.Acknowledged || seen.Contains(id))
                _writes.TryRemove(id, out _);
        }
    }

    /// <summary>A tenant was deleted with all it had.</summary>
    public void Forget(string tenant)
    {
        foreach (var (id, write) in _writes)
        {
            if (write.Tenant == tenant)
                _writes.TryRemove(id, out _);
        }
    }

    private sealed class Write(string tenant)
    {
        private volatile bool _acknowledged;

        public string Tenant { get; } = tenant;

        public bool Acknowledged { get => _acknowledged; set => _acknowledged = value; }
    }
}
