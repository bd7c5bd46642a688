using HyperConn.Primitives;
using Microsoft.Extensions.Logging;
using Npgsql;
using Npgsql.Internal;

namespace HyperConn.TypeCatalogues;

/// <summary>
/// The catalogues of PostgreSQL's types that the data sources of one manager share. Loading one is half of a cold open.
/// </summary>
/// <remarks>
/// A catalogue never goes stale: each data source asks the server at its first open what types there are, and what is shared is found by the
/// answer. A type made, changed or dropped, a restored database and another server behind the address all answer otherwise.
/// </remarks>
internal sealed class CatalogueSharing(MonotonicClock clock, ILogger logger)
{
    private readonly CatalogueShelf _shelf = new(clock);
    private readonly DatabaseUsers _users = new();
    private readonly ChecksUnderWay _checks = new();
    private readonly Lock _gate = new();
    private readonly Dictionary<CatalogueKey, Task> _loading = [];
    private readonly Lazy<NpgsqlInternals?> _npgsql = new(() =>
    {
        var npgsql = NpgsqlLoader.TryRegister(out var missing);
        if (npgsql is null)
            TypeCatalogueLog.NotShared(logger, missing);
        return npgsql;
    });

    private long _shared;
    private long _loaded;
    private long _unshared;
    private long _joined;

    /// <summary>Now, by the manager's clock.</summary>
    public TimeSpan Now => clock.Now;

    /// <summary>Counters, and what is in memory.</summary>
    public TypeCatalogueStatistics Statistics
    {
        get
        {
            var (catalogues, types) = _shelf.Count();
            return new TypeCatalogueStatistics
            {
                Catalogues = catalogues,
                Types = types,
                Shared = Interlocked.Read(ref _shared),
                Loaded = Interlocked.Read(ref _loaded),
                Unshared = Interlocked.Read(ref _unshared),
                JoinedChecks = Interlocked.Read(ref _joined),
            };
        }
    }

    /// <summary>Whether a data source with such a configuration can share: with another than the default one it has other types.</summary>
    public bool Serves(NpgsqlTypeLoadingOptionsBuilder loading) => _npgsql.Value?.LoadsAsUsual(loading) == true;

    /// <summary>Lets go of what nobody has used for long. Called often; does something now and then.</summary>
    public void TidyNowAndThen() => _shelf.TidyNowAndThen();

    /// <summary>Answers a data source that loads its types.</summary>
    /// <param name="request">The loading.</param>
    /// <param name="tenant">Whose data source it is.</param>
    /// <param name="isReload">Whether it has types, and its user wants it to look again.</param>
    /// <returns>Null: Npgsql must load them.</returns>
    public async Task<NpgsqlDatabaseInfo?> LoadAsync(LoadRequest request, TenantKey tenant, bool isReload)
    {
        var catalogue = !isReload && request.IsPostgres() && !_users.IsOnlyUser(request.Database, tenant)
            && await ProveAsync(request, tenant).ConfigureAwait(false) is { } key
                ? await FindAsync(request, key).ConfigureAwait(false)
                : null;
        if (catalogue is not SharedCatalogue)
            Interlocked.Increment(ref _unshared);
        return catalogue;
    }

    /// <summary>What the server says now; null: it doesn't say, or nobody else would use the catalogue.</summary>
    private async Task<CatalogueKey?> ProveAsync(LoadRequest request, TenantKey tenant)
    {
        var database = request.Database;
        var isShared = _users.HasSeveral(database);
        if (await AskAsync(request, briefly: !isShared).ConfigureAwait(false) is not { } proof)
            return null;
        if (!proof.HasOwnTypes)
            _users.Remove(database);
        else if (!_users.Add(database, tenant))
            return null;
        else if (!isShared && await AskAsync(request, briefly: false).ConfigureAwait(false) is { } whole)
            proof = whole;
        else if (!isShared)
            return null;
        return new CatalogueKey(database.Host, database.Port, request.Version, proof.Digest);
    }

    /// <summary>Asks the server, unless somebody else has done so since the open began.</summary>
    private async Task<CatalogueProof?> AskAsync(LoadRequest request, bool briefly)
    {
        var (database, version) = (request.Database, request.Version);
        if (request.LoggedInAt is { } since && _checks.Find(database, version, since, briefly) is { } other
            && await request.AnswerOfAsync(other).ConfigureAwait(false) is { } theirs)
        {
            Interlocked.Increment(ref _joined);
            return theirs;
        }

        var answer = new TaskCompletionSource<CatalogueProof?>(TaskCreationOptions.RunContinuationsAsynchronously);
        CatalogueProof? proof = null;
        _checks.Begin(database, version, Now, briefly, answer.Task);
        try
        {
            return proof = await request.AskAsync(briefly).ConfigureAwait(false);
        }
        finally
        {
            answer.SetResult(proof);
        }
    }

    private async Task<NpgsqlDatabaseInfo?> FindAsync(LoadRequest request, CatalogueKey key)
    {
        if (_shelf.Find(key) is { } known)
            return Count(known);

        // One loads, the others of a cold start wait for it. If it fails, each loads for itself.
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task? before;
        lock (_gate)
        {
            if (!_loading.TryGetValue(key, out before))
                _loading.Add(key, done.Task);
        }

        if (before is not null)
            return await request.WaitAsync(before).ConfigureAwait(false) && _shelf.Find(key) is { } loaded ? Count(loaded) : null;
        try
        {
            return await LoadAsync(request, key).ConfigureAwait(false);
        }
        finally
        {
            lock (_gate)
                _loading.Remove(key);
            done.SetResult();
        }
    }

    private async Task<NpgsqlDatabaseInfo?> LoadAsync(LoadRequest request, CatalogueKey key)
    {
        if (!await request.AskNameAsync().ConfigureAwait(false) || await request.LoadAsync().ConfigureAwait(false) is not { } own)
            return null;

        // What was loaded belongs to what the server said only if it says so still.
        var after = await request.AskAsync(briefly: false).ConfigureAwait(false);
        if (after?.Digest != key.Proof || request.Share(own) is not { } made)
            return own;
        Interlocked.Increment(ref _loaded);
        return _shelf.Put(key, made.Content, made.Catalogue);
    }

    private SharedCatalogue Count(SharedCatalogue catalogue)
    {
        Interlocked.Increment(ref _shared);
        return catalogue;
    }
}
