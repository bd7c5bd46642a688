using HyperConn.Schedules.Exploring;

// The scheduler tells locks apart by the object, of whatever kind, and takes none.
#pragma warning disable CS9216

namespace HyperConn.Schedules.Hooking;

/// <summary>What woven code calls in place of, or before, what other threads can see. On any other thread than a scenario's it does what stood there.</summary>
public static class Hooks
{
    /// <summary>Another thread may go on here.</summary>
    public static void Point(int site) => Player.Current?.Pass(site);

    /// <summary>Another thread must go on here, if one can.</summary>
    public static void Yield(int site) => Player.Current?.Yield(site);

    /// <summary>A volatile read.</summary>
    public static void Acquire(nint address)
    {
        if (Player.Current is { IsUnwinding: false } player)
            player.Run.Order.Acquire(player.Index, address);
    }

    /// <summary>A volatile write.</summary>
    public static void Release(nint address)
    {
        if (Player.Current is { IsUnwinding: false } player)
            player.Run.Order.Release(player.Index, address);
    }

    /// <summary>An interlocked operation.</summary>
    public static void Exchange(nint address)
    {
        if (Player.Current is { IsUnwinding: false } player)
            player.Run.Order.Exchange(player.Index, address);
    }

    /// <summary>A call of something that is thread-safe by itself, which orders all who use it.</summary>
    public static void Opaque(int site)
    {
        if (Player.Current is not { } player)
            return;
        player.Pass(site);
        if (!player.IsUnwinding)
            player.Run.Order.ExchangeNamed(player.Index, Sites.Of(site).Key);
    }

    /// <summary>A plain field is read.</summary>
    public static void Read(nint address, int site) => Use(address, site, writes: false);

    /// <summary>A plain field is written.</summary>
    public static void Write(nint address, int site) => Use(address, site, writes: true);

    /// <summary>A collection is looked at.</summary>
    public static void Look(object collection, int site) => Use(collection, site, writes: false);

    /// <summary>A collection is changed.</summary>
    public static void Change(object collection, int site) => Use(collection, site, writes: true);

    /// <summary>The beginning of a lock statement.</summary>
    public static Lock.Scope EnterScope(Lock gate, int site)
    {
        if (Player.Current is not { } player)
            return gate.EnterScope();
        player.Enter(gate, site);
        return default;
    }

    /// <summary>The beginning of a lock statement that is torn: the lock is not taken.</summary>
    public static Lock.Scope SkipScope(Lock gate, int site)
    {
        if (Player.Current is not { } player)
            return gate.EnterScope();
        player.Skip(site);
        return default;
    }

    /// <summary>The end of a lock statement.</summary>
    public static void LeaveScope(ref Lock.Scope scope)
    {
        if (Player.Current is { } player)
            player.Exit();
        else
            scope.Dispose();
    }

    public static void Enter(Lock gate, int site)
    {
        if (Player.Current is { } player)
            player.Enter(gate, site);
        else
            gate.Enter();
    }

    public static bool TryEnter(Lock gate, int site)
    {
        return Player.Current is { } player ? player.TryEnter(gate, site) : gate.TryEnter();
    }

    public static void Exit(Lock gate, int site)
    {
        if (Player.Current is { } player)
            player.Exit();
        else
            gate.Exit();
    }

    /// <summary>The beginning of a lock statement on an object.</summary>
    public static void MonitorEnter(object gate, ref bool taken, int site)
    {
        if (Player.Current is { } player)
        {
            player.Enter(gate, site);
            taken = true;
        }
        else
        {
            Monitor.Enter(gate, ref taken);
        }
    }

    public static void MonitorExit(object gate, int site)
    {
        if (Player.Current is { } player)
            player.Exit();
        else
            Monitor.Exit(gate);
    }

    /// <summary>A timer of a scenario never fires.</summary>
    public static Timer Timer(TimerCallback callback, object? state, TimeSpan due, TimeSpan period) =>
        Player.Current is null ? new Timer(callback, state, due, period) : new Timer(callback, state, Timeout.Infinite, Timeout.Infinite);

    private static void Use(nint address, int site, bool writes)
    {
        if (Player.Current is { IsUnwinding: false } player && player.Run.Order.Use(player.Index, address, site, writes) is { } race)
            player.Run.Fail(race);
    }

    private static void Use(object collection, int site, bool writes)
    {
        if (collection is not null && Player.Current is { IsUnwinding: false } player
            && player.Run.Order.UseObject(player.Index, collection, site, writes) is { } race)
        {
            player.Run.Fail(race);
        }
    }
}
