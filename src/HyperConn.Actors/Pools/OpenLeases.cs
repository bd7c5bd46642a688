using System.Collections.Concurrent;
using Npgsql;

namespace HyperConn;

/// <summary>
/// The connections under an open lease. Being in it is what makes a lease end exactly once: whoever takes the connection out, ends it.
/// </summary>
internal sealed class OpenLeases(int expected)
{
    private readonly NpgsqlConnection?[] _slots = new NpgsqlConnection?[Math.Min(expected, 64)];
    private ConcurrentDictionary<NpgsqlConnection, byte>? _more;

    public void Add(NpgsqlConnection connection)
    {
        var slots = _slots;
        for (var i = 0; i < slots.Length; i++)
        {
            if (slots[i] is null && Interlocked.CompareExchange(ref slots[i], connection, null) is null)
                return;
        }

        var more = _more ?? Interlocked.CompareExchange(ref _more, new(), null) ?? _more;
        more.TryAdd(connection, 0);
    }

    public bool Contains(NpgsqlConnection connection)
    {
        foreach (var slot in _slots)
        {
            if (ReferenceEquals(slot, connection))
                return true;
        }

        return _more is { } more && more.ContainsKey(connection);
    }

    /// <summary>Takes the connection out; true for exactly one caller.</summary>
    public bool Remove(NpgsqlConnection connection)
    {
        var slots = _slots;
        for (var i = 0; i < slots.Length; i++)
        {
            if (ReferenceEquals(slots[i], connection))
                return ReferenceEquals(Interlocked.CompareExchange(ref slots[i], null, connection), connection);
        }

        return _more is { } more && more.TryRemove(connection, out _);
    }

    public IReadOnlyList<NpgsqlConnection> Snapshot()
    {
        var open = new List<NpgsqlConnection>();
        foreach (var slot in _slots)
        {
            if (slot is not null)
                open.Add(slot);
        }

        if (_more is { } more)
            open.AddRange(more.Keys);
        return open;
    }
}
