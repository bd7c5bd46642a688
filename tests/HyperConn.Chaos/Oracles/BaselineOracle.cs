using HyperConn.Chaos.Observations;

namespace HyperConn.Chaos.Oracles;

/// <summary>With every pool drained the process is as it was before the first storm.</summary>
internal sealed class BaselineOracle : Oracle
{
    /// <summary>Timers more than at first: delays of the program's own that are under way.</summary>
    public const int Timers = 40;

    /// <summary>Threads more than at first, those of the thread pool apart.</summary>
    public const int Threads = 20;

    /// <summary>Files and sockets more than at first.</summary>
    public const int Handles = 60;

    /// <summary>Managed memory more than at first, besides the growth below.</summary>
    public const long Bytes = 24L << 20;

    /// <summary>Managed memory in proportion to the first: pages of the collector and caches of clients that are filled only later.</summary>
    public const double Growth = 0.5;

    private Resources? _first;

    public override string Name => "baseline";

    public override string Watches => "pools, permits, sessions, timers, threads, handles and memory after each calm, with every pool drained";

    /// <summary>The first calm's.</summary>
    public Resources? First => _first;

    /// <summary>The latest calm's.</summary>
    public Resources? Last { get; private set; }

    /// <summary>Whether nothing of it would be a finding.</summary>
    public bool IsBack(Resources now) => !Excesses(now).Any();

    /// <summary>Judges what is held at the end of a calm.</summary>
    public void Judge(Resources now)
    {
        Observed();
        Last = now;
        foreach (var excess in Excesses(now))
            Find(excess);
        _first ??= now;
    }

    private IEnumerable<string> Excesses(Resources now)
    {
        if (now.Pools != 0 || now.Permits != 0 || now.Sessions != 0)
            yield return $"after a drain of everything {now.Pools} pools, {now.Permits} permits and {now.Sessions} sessions are left";
        if (_first is not { } first)
            yield break;
        if (now.Timers > first.Timers + Timers)
            yield return $"{now.Timers} timers, {first.Timers} at first";
        if (now.Threads > first.Threads + Threads)
            yield return $"{now.Threads} threads outside the thread pool, {first.Threads} at first";
        if (now.Handles > first.Handles + Handles)
            yield return $"{now.Handles} handles, {first.Handles} at first";
        if (now.ManagedBytes > (long)(first.ManagedBytes * (1 + Growth)) + Bytes)
            yield return $"{now.ManagedBytes >> 20} MB of managed memory, {first.ManagedBytes >> 20} MB at first";
    }
}
