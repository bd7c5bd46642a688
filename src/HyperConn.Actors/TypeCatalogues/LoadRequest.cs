using Npgsql;
using Npgsql.Internal;
using Npgsql.Util;

namespace HyperConn.TypeCatalogues;

/// <summary>One loading of types: the connection it goes through, and what may be asked on it.</summary>
internal sealed class LoadRequest(INpgsqlDatabaseInfoFactory loader, NpgsqlInternals npgsql, NpgsqlConnector connector, NpgsqlTimeout timeout, bool async)
{
    /// <summary>The database.</summary>
    public DatabaseAddress Database { get; } =
        new(connector.Settings.Host ?? "", connector.Settings.Port, connector.Settings.Database ?? connector.Settings.Username ?? "");

    /// <summary>A moment since the open began. What others ask the server from then on counts for this loading, too; null: it doesn't.</summary>
    public TimeSpan? LoggedInAt { get; init; }

    /// <summary>The server's version, once <see cref="IsPostgres"/> was true.</summary>
    public string Version { get; private set; } = "";

    /// <summary>Whether the server is PostgreSQL as far as it has said until now, and nobody else has a say in how types are loaded.</summary>
    public bool IsPostgres()
    {
        var isPostgres = PostgresVersion.TryGet(npgsql.ParametersOf(connector), out var version);
        Version = version;
        return isPostgres && !npgsql.HasOtherLoaders(loader);
    }

    /// <summary>Asks the server what it says of the database's types.</summary>
    /// <param name="briefly">Whether the answer that there are none of its own may be enough.</param>
    /// <returns>Null: the server refuses to say.</returns>
    public Task<CatalogueProof?> AskAsync(bool briefly) => InBetweenAsync<CatalogueProof?>(async token => briefly
        ? await CatalogueCheck.AskBrieflyAsync(connector, async, token).ConfigureAwait(false)
        : await CatalogueCheck.AskAsync(connector, async, token).ConfigureAwait(false));

    /// <summary>Whether the server calls itself PostgreSQL.</summary>
    public async Task<bool> AskNameAsync() =>
        PostgresVersion.IsName(await InBetweenAsync(token => CatalogueCheck.AskNameAsync(connector, async, token)).ConfigureAwait(false));

    /// <summary>Has Npgsql load the types.</summary>
    public Task<NpgsqlDatabaseInfo?> LoadAsync() => npgsql.OwnLoader.Load(connector, timeout, async);

    /// <summary>Makes what was loaded one for several data sources; null: it can't be.</summary>
    public (SharedCatalogue Catalogue, Digest Content)? Share(NpgsqlDatabaseInfo loaded) => SharedCatalogue.TryMake(npgsql, loaded) is { } catalogue
        ? (catalogue, CatalogueContent.Of(loaded, npgsql.TypesOf(loaded)))
        : null;

    /// <summary>Waits for somebody else, where waiting holds no thread.</summary>
    /// <returns>Whether it is done.</returns>
    public async Task<bool> WaitAsync(Task other)
    {
        if (other.IsCompleted || !async)
            return other.IsCompleted;
        var token = npgsql.Pause(connector);
        try
        {
            var most = connector.Settings.Timeout == 0 ? Timeout.InfiniteTimeSpan : TimeSpan.FromSeconds(connector.Settings.Timeout);
            await other.WaitAsync(most, token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return other.IsCompleted;
        }
        finally
        {
            npgsql.Resume(connector, token);
        }
    }

    /// <summary>What somebody else's question is answered, where waiting for it holds no thread; null: it isn't.</summary>
    public async Task<CatalogueProof?> AnswerOfAsync(Task<CatalogueProof?> other) =>
        await WaitAsync(other).ConfigureAwait(false) ? await other.ConfigureAwait(false) : null;

    private async Task<T?> InBetweenAsync<T>(Func<CancellationToken, Task<T>> ask)
    {
        var token = npgsql.Pause(connector);
        try
        {
            return await ask(token).ConfigureAwait(false);
        }
        catch (PostgresException refused) when (!EndsSession(refused))
        {
            // A server that has other tables, or a role that may not read these.
            return default;
        }
        finally
        {
            npgsql.Resume(connector, token);
        }
    }

    // Npgsql has nothing to load with then, and would fail of a parameter that it forgot with the session. Severities: PostgreSQL manual, table 20.2.
    private static bool EndsSession(PostgresException error) => error.InvariantSeverity is "FATAL" or "PANIC";
}
