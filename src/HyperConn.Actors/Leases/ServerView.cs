using HyperConn.Servers;

namespace HyperConn.Leases;

/// <summary>What one generation makes of the servers its credentials name.</summary>
/// <param name="servers">The servers.</param>
/// <param name="time">The clock.</param>
/// <param name="searchPath">The search path its sessions must have; null: whatever their role has.</param>
internal sealed class ServerView(ServerState[] servers, TimeProvider time, string? searchPath)
{
    // Far from those of a health that is shared: who was about to trust one of these trusts nothing of the own ones.
    private const int OwnEpochs = 1 << 30;

    private readonly Lock _gate = new();
    private volatile ServerHealth _health = servers is [{ Kind: not ServerKind.Pooler } direct] ? direct.Health : new ServerHealth(time);
    private volatile bool _isPathProved;

    /// <summary>
    /// Whether the server is there. All tenants of a server share it. A generation has one of its own where it names several hosts, which
    /// fail only together, and behind a pooler: each database there may have another server behind it, and a session with the pooler outlives
    /// a restart of that server, so what one tenant's session answers says nothing about another's.
    /// </summary>
    public ServerHealth Health => _health;

    /// <summary>Whether nobody shares it.</summary>
    public bool HasOwnHealth => servers is not [var only] || !ReferenceEquals(_health, only.Health);

    /// <summary>Whether a pooler stands at one of the hosts.</summary>
    public bool IsPooled => Array.Exists(servers, server => server.Kind == ServerKind.Pooler);

    /// <summary>Whether PostgreSQL itself stands at each host, and no pooler.</summary>
    public bool IsDirect => Array.TrueForAll(servers, server => server.Kind == ServerKind.Server);

    /// <summary>Whether connections may be opened on permits that are out; always, where no other process shares the servers.</summary>
    public bool MayOpen => Array.TrueForAll(servers, server => server.MayOpen);

    /// <summary>Whether this process's share of the servers has not lapsed.</summary>
    public bool IsShareValid => Array.TrueForAll(servers, server => server.Share is not { IsValid: false });

    /// <summary>Gives a new session the password it logs in with. A process may have stood still since it began to open one, and its share be somebody else's.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="password">The password.</param>
    /// <exception cref="HyperConnException">The share has lapsed.</exception>
    public string InShare(TenantKey tenant, Func<string> password) => IsShareValid
        ? password()
        : throw new HyperConnException(new HyperConnFailure(
            HyperConnErrorCode.BudgetTimedOut,
            "This process's share of the server's connections lapsed while one was being opened. Ask for a connection again: it waits for the next share.",
            tenant));

    /// <summary>The search path that a pooler could have dropped; null: none is asked for, or it was seen to be in force.</summary>
    public string? PathToProve => _isPathProved || IsDirect ? null : searchPath;

    /// <summary>A session through a pooler had the path.</summary>
    public void PathProved() => _isPathProved = true;

    /// <summary>A pooler was found: trusts from now on only what this generation's own sessions answer.</summary>
    /// <param name="trust">The generation's trust.</param>
    /// <param name="now"><see cref="Primitives.CoarseClock.Milliseconds"/>.</param>
    public void StandAlone(GenerationTrust trust, long now)
    {
        lock (_gate)
        {
            if (HasOwnHealth)
                return;

            // Born in doubt: what is idle was trusted on the word of others.
            var own = new ServerHealth(time, epoch: OwnEpochs);
            own.NoteOpened(now);
            own.Doubt();
            _health = own;
            trust.Follow(own);
        }
    }
}
