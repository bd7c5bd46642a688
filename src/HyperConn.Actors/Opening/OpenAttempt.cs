using System.Transactions;
using HyperConn.Leases;
using HyperConn.Primitives;

namespace HyperConn.Opening;

/// <summary>One caller's way through the slow path, for its deadline and for the message when that passes.</summary>
internal sealed class OpenAttempt(TenantDataSource handle, Transaction? transaction, DateTimeOffset deadline)
{
    private static readonly TimeSpan FirstFullDelay = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan MostFullDelay = TimeSpan.FromSeconds(1);

    private TimeSpan _fullDelay = FirstFullDelay;

    public TenantDataSource Handle { get; } = handle;

    /// <summary>The ambient transaction of the caller, in which the connection enlists.</summary>
    public Transaction? Transaction { get; } = transaction;

    public DateTimeOffset Deadline { get; } = deadline;

    public string Stage { get; set; } = "";

    public PoolGeneration? Pool { get; set; }

    public bool WaitsForPermit { get; set; }

    /// <summary>Whether the probe of the server's circuit, if this is one, has had its verdict.</summary>
    public bool ServerReported { get; set; }

    /// <summary>The same of the tenant's circuit.</summary>
    public bool LoginReported { get; set; }

    public Exception? LastError { get; set; }

    /// <summary>How long to wait for a slot this time: longer from one time to the next.</summary>
    public TimeSpan NextFullDelay()
    {
        var delay = _fullDelay * (0.5 + Random.Shared.NextDouble());
        _fullDelay = _fullDelay * 2 < MostFullDelay ? _fullDelay * 2 : MostFullDelay;
        return delay;
    }

    /// <summary>What the caller is told when its time is up.</summary>
    public HyperConnFailure TimedOut(TimeSpan limit)
    {
        if ((Handle.Login.Cause ?? Pool?.Health.Circuit.Cause) is { } known)
            return known;
        if (WaitsForPermit && Pool is { } pool)
        {
            pool.Shares[0].Server.AddTimedOut();
            return pool.IsAtItsMost
                ? OpenFailures.TenantTimedOut(Handle.Tenant, limit, pool.Shares[0].Server, pool.Word.Permits)
                : OpenFailures.BudgetTimedOut(Handle.Tenant, limit, pool.Shares[0].Server);
        }

        return LastError is { } error && Pool is { } tried
            ? OpenFailures.Connect(tried, OpenFaults.Of(error), error)
            : OpenFailures.TimedOut(Handle.Tenant, limit, Stage);
    }
}

/// <summary>How a lease was got.</summary>
/// <param name="Taken">The lease.</param>
/// <param name="Server">How the caller went through the server's circuit.</param>
/// <param name="Login">How it went through the tenant's.</param>
internal readonly record struct LeasePass(LeaseTaken Taken, CircuitPass Server, CircuitPass Login)
{
    public bool IsGranted => Taken.Outcome == LeaseOutcome.Granted;

    public int Half => Taken.Half;
}

/// <summary>An open that PostgreSQL or the network refused.</summary>
internal sealed record FailedOpen(
    PoolGeneration Pool,
    string SecretVersion,
    Exception Exception,
    CircuitPass ServerPass = default,
    CircuitPass LoginPass = default);
