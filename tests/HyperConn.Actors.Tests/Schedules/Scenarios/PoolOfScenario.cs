using HyperConn.ConnectionStrings;
using HyperConn.Leases;
using HyperConn.Pools;
using HyperConn.Primitives;
using HyperConn.Schedules.Exploring;
using HyperConn.Servers;
using HyperConn.Tests.Pools;
using Microsoft.Extensions.Time.Testing;

namespace HyperConn.Tests.Schedules.Scenarios;

/// <summary>Whole generations of one tenant, with Npgsql's data sources, of which no connection is opened.</summary>
internal sealed class PoolOfScenario : IGenerationOwner
{
    private static readonly TenantKey Acme = TenantKey.Create("core", "acme");

    private static readonly GenerationCredentials Credentials = new(Parsed(), "v1", default, Moment.Never);

    private readonly ServerState _server;
    private int _number;

    public PoolOfScenario()
    {
        Runtime = new PoolRuntime(new HyperConnOptions { ProjectName = "martech", Connections = { ShareTypes = false } }, Time);
        _server = new ServerState(new ServerEndpoint("db1", 5432), Time) { Budget = Mail };
        Handle = new TenantDataSource(Runtime.Opening, Acme);
    }

    public FakeTimeProvider Time { get; } = new();

    public Mailbox Mail { get; } = new();

    public PoolRuntime Runtime { get; }

    /// <summary>The tenant's handle.</summary>
    public TenantDataSource Handle { get; }

    /// <summary>Generations that are closed.</summary>
    public List<PoolGeneration> ClosedOnes { get; } = [];

    /// <summary>How often the supervisor heard that the last lease had ended.</summary>
    public int ToldIdle { get; private set; }

    /// <summary>A generation with so many permits, all free.</summary>
    public PoolGeneration Make(int permits)
    {
        var made = new PoolGeneration(Runtime.Leases, Acme, ++_number, Credentials, [_server], this);
        for (var i = 0; i < permits; i++)
            made.Desk.TakeAnyway(out _);
        for (var i = 0; i < permits; i++)
            made.EndUnused(0);
        return made;
    }

    /// <summary>A lease on the hot path from its beginning to its end; false: none.</summary>
    public bool UseHot(PoolGeneration generation)
    {
        if (!generation.TryLease(out var before))
            return false;
        Stage.Require(!ClosedOnes.Contains(generation), "A lease of a generation that is closed.");
        generation.EndReturned(before.AgeBucket);
        return true;
    }

    /// <summary>What must hold of a generation that has ended.</summary>
    public string? Ended(PoolGeneration generation) =>
        ClosedOnes.Count(closed => closed == generation) != 1 ? $"Generation {generation.Number} was closed {ClosedOnes.Count(closed => closed == generation)} times."
        : Mail.All.OfType<HolderClosed>().Count(message => message.Holder == generation.Shares[0]) != 1 ? "The budget was not told once."
        : generation.Word is { Leases: 0, IsDraining: true } && generation.Waiters == 0 && generation.End.Closed.IsCompleted && generation.End.Begun.IsCompleted ? null
        : $"Generation {generation.Number} has {generation.Word.Leases} leases and {generation.Waiters} waiters, and is closed.";

    public void WentIdle(PoolGeneration generation) => ToldIdle++;

    public void CredentialsStale(PoolGeneration generation)
    {
    }

    public void Closed(PoolGeneration generation) => ClosedOnes.Add(generation);

    public void ReclaimIdle(PoolGeneration generation, ServerShare asked, int keep) => throw new NotSupportedException();

    public Task<bool> AskForNewerCredentialsAsync(PoolGeneration generation, string secretVersion, bool expired) => throw new NotSupportedException();

    private static PostgresCredentials Parsed() =>
        PostgresCredentials.TryParse(ScriptedSecrets.Uri(), out var credentials, out var fault) ? credentials : throw new InvalidOperationException(fault);
}
