using System.Globalization;
using System.Security.Cryptography;
using Npgsql;

namespace HyperConn.Host.Demo;

/// <summary>What tenants to make.</summary>
internal sealed record TenantPlan
{
    /// <summary>How many; each pair of service and organisation is one.</summary>
    public int Tenants { get; init; } = 200;

    /// <summary>How many of them, at most, get a database of their own; the rest share, each in its own schema.</summary>
    public int OwnDatabases { get; init; } = 20;

    /// <summary>How many databases the rest is spread over.</summary>
    public int SharedDatabases { get; init; } = 1;

    /// <summary>Services; every organisation has each of them, the last one perhaps not all.</summary>
    public IReadOnlyList<string> Services { get; init; } = ["core", "billing"];
}

/// <summary>Makes tenants on a server, each with its own user, password, rights and table, and drops them all when disposed.</summary>
/// <remarks>
/// Everything made has a random prefix in its name, so that a server may be shared. A tenant may connect to its own database only, and
/// in it use its own schema only.
/// </remarks>
internal sealed class TenantProvisioner : IAsyncDisposable
{
    private const int StatementsPerBatch = 200;

    // Every printable character that means something in a connection URI is in there, so that none is taken for granted.
    private const string PasswordAlphabet = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789@:/?#%+&=;'\"\\ ";

    private readonly PostgresServer _server;
    private readonly NpgsqlDataSource _admin;
    private readonly List<ProvisionedTenant> _tenants = [];
    private bool _disposed;

    private TenantProvisioner(PostgresServer server)
    {
        _server = server;
        var admin = server.Admin();
        admin.MaxPoolSize = 2;
        admin.ApplicationName = "hyperconn-demo-admin";
        _admin = NpgsqlDataSource.Create(admin);
    }

    /// <summary>The tenants, in the order of their numbers.</summary>
    public IReadOnlyList<ProvisionedTenant> Tenants => _tenants;

    /// <summary>Prefix of every user and database made.</summary>
    public string Prefix { get; } = $"hc{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}_";

    private string Group => Prefix + "tenants";

    /// <summary>Makes the tenants.</summary>
    public static async Task<TenantProvisioner> CreateAsync(PostgresServer server, TenantPlan plan, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(plan.Tenants, 1);
        var provisioner = new TenantProvisioner(server);
        try
        {
            provisioner.Plan(plan);
            await provisioner.CreateRolesAsync(cancellationToken);
            await provisioner.CreateDatabasesAsync(cancellationToken);
            return provisioner;
        }
        catch
        {
            await provisioner.DisposeAsync();
            throw;
        }
    }

    /// <summary>Counts the sessions of these tenants on the server now.</summary>
    public async Task<int> CountSessionsAsync(CancellationToken cancellationToken = default)
    {
        await using var command = _admin.CreateCommand("select count(*)::int from pg_stat_activity where starts_with(usename, $1)");
        command.Parameters.Add(new NpgsqlParameter { Value = Prefix });
        return (int)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>Looks into every tenant's table.</summary>
    /// <returns>Rows in all, and those of them that were written for another tenant than the table's.</returns>
    public async Task<(long Rows, long Foreign)> CountRowsAsync(CancellationToken cancellationToken = default)
    {
        var (rows, foreign) = (0L, 0L);
        foreach (var database in _tenants.GroupBy(tenant => tenant.Database))
        {
            var tables = database.Select(tenant =>
                $"select count(*), count(*) filter (where tenant <> '{tenant.Key}') from {Quote(tenant.Schema)}.events");
            var settings = _server.Admin(database.Key);
            settings.Pooling = false;
            await using var source = NpgsqlDataSource.Create(settings);
            await using var command = source.CreateCommand($"select sum(a)::bigint, sum(b)::bigint from ({string.Join(" union all ", tables)}) as t(a, b)");
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            await reader.ReadAsync(cancellationToken);
            (rows, foreign) = (rows + reader.GetInt64(0), foreign + reader.GetInt64(1));
        }

        return (rows, foreign);
    }

    /// <summary>Gives a tenant's user a new password, as a single-user rotation does. The secret is the caller's to change, afterwards.</summary>
    public async Task ChangePasswordAsync(ProvisionedTenant tenant, CancellationToken cancellationToken = default)
    {
        var login = tenant.Login with { Password = NewPassword() };
        await ExecuteAsync(_admin, [$"ALTER ROLE {Quote(login.User)} PASSWORD '{ScramVerifier.Create(login.Password)}'"], cancellationToken);
        tenant.Login = login;
    }

    /// <summary>
    /// Lets the other one of a tenant's two users in with a new password, as an alternating-users rotation does: the user in force stays
    /// valid. The secret is the caller's to change, afterwards.
    /// </summary>
    public async Task AlternateUserAsync(ProvisionedTenant tenant, CancellationToken cancellationToken = default)
    {
        var other = tenant.Login.User == tenant.BaseUser ? tenant.CloneUser : tenant.BaseUser;
        var login = new TenantLogin(other, NewPassword());
        var verifier = ScramVerifier.Create(login.Password);
        await using (var exists = _admin.CreateCommand("select 1 from pg_roles where rolname = $1"))
        {
            exists.Parameters.Add(new NpgsqlParameter { Value = other });
            string[] statements = await exists.ExecuteScalarAsync(cancellationToken) is not null
                ? [$"ALTER ROLE {Quote(other)} PASSWORD '{verifier}'"]
                :
                [
                    $"CREATE ROLE {Quote(other)} LOGIN PASSWORD '{verifier}' IN ROLE {Quote(tenant.BaseUser)}",
                    SearchPath(other, tenant),
                ];
            await ExecuteAsync(_admin, statements, cancellationToken);
        }

        tenant.Login = login;
    }

    public async ValueTask DisposeAsync()
    {
        if (_disposed)
            return;
        _disposed = true;
        await using (_admin)
        {
            // The server may have been killed meanwhile, and with it the sessions that are idle here.
            _admin.Clear();
            var databases = await ReadNamesAsync("select datname from pg_database where starts_with(datname, $1)");
            await ExecuteAsync(_admin, databases.Select(name => $"DROP DATABASE {Quote(name)} WITH (FORCE)"), CancellationToken.None, atomic: false);
            var roles = await ReadNamesAsync("select rolname from pg_roles where starts_with(rolname, $1)");
            await ExecuteAsync(_admin, roles.Chunk(100).Select(some => $"DROP ROLE {string.Join(", ", some.Select(Quote))}"), CancellationToken.None);
        }
    }

    private void Plan(TenantPlan plan)
    {
        // Databases of their own go to tenants all over the list, not to the first ones only: demand is skewed to these.
        var own = Math.Min(plan.OwnDatabases, plan.Tenants);
        var services = plan.Services.Count;
        for (var i = 0; i < plan.Tenants; i++)
        {
            var isOwn = own > 0 && (long)i * own / plan.Tenants != (long)(i + 1) * own / plan.Tenants;
            var service = plan.Services[i % services];
            var number = (i / services + 1).ToString("0000", CultureInfo.InvariantCulture);
            var name = $"{service.ToLowerInvariant()}_{number}";
            _tenants.Add(new ProvisionedTenant(
                TenantKey.Create(service, $"tenant{number}"),
                _server.Host,
                _server.Port,
                isOwn ? $"{Prefix}{name}" : $"{Prefix}shared{(plan.SharedDatabases == 1 ? "" : i % plan.SharedDatabases)}",
                $"of_{name}",
                new TenantLogin($"{Prefix}{name}", NewPassword()),
                isOwn));
        }
    }

    private async Task CreateRolesAsync(CancellationToken cancellationToken)
    {
        var verifiers = new string[_tenants.Count];
        Parallel.For(0, verifiers.Length, i => verifiers[i] = ScramVerifier.Create(_tenants[i].Login.Password));
        // An administrator that is no superuser must be a member of a role to make things in its name.
        var roles = _tenants.Select((tenant, i) =>
            $"CREATE ROLE {Quote(tenant.BaseUser)} LOGIN PASSWORD '{verifiers[i]}'"
            + (tenant.OwnDatabase ? "" : $" IN ROLE {Quote(Group)}")
            + " ROLE CURRENT_USER");
        await ExecuteAsync(_admin, roles.Prepend($"CREATE ROLE {Quote(Group)} NOLOGIN"), cancellationToken);
        // A server of our own is closed to tenants as a whole; on somebody else's, other databases are none of our business.
        if (_server.Control is not null)
            await ExecuteAsync(_admin, ["REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC"], cancellationToken);
    }

    private async Task CreateDatabasesAsync(CancellationToken cancellationToken)
    {
        foreach (var database in _tenants.GroupBy(tenant => tenant.Database))
        {
            var residents = database.First().OwnDatabase ? database.First().BaseUser : Group;
            string[] create =
            [
                $"CREATE DATABASE {Quote(database.Key)} TEMPLATE template0",
                $"REVOKE ALL ON DATABASE {Quote(database.Key)} FROM PUBLIC",
                $"GRANT CONNECT ON DATABASE {Quote(database.Key)} TO {Quote(residents)}",
            ];
            await ExecuteAsync(_admin, create, cancellationToken, atomic: false);
            await FurnishAsync(database.Key, database, cancellationToken);
        }
    }

    private async Task FurnishAsync(string database, IEnumerable<ProvisionedTenant> tenants, CancellationToken cancellationToken)
    {
        var settings = _server.Admin(database);
        settings.Pooling = false;
        await using var source = NpgsqlDataSource.Create(settings);
        var statements = tenants.SelectMany(tenant => new[]
        {
            $"""
            CREATE SCHEMA {Quote(tenant.Schema)} AUTHORIZATION {Quote(tenant.BaseUser)} CREATE TABLE events (
                id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                tenant text NOT NULL,
                payload text NOT NULL,
                at timestamptz NOT NULL DEFAULT now())
            """,
            SearchPath(tenant.BaseUser, tenant),
        });
        await ExecuteAsync(source, statements.Prepend("REVOKE ALL ON SCHEMA public FROM PUBLIC"), cancellationToken);
    }

    private async Task<List<string>> ReadNamesAsync(string sql)
    {
        await using var command = _admin.CreateCommand(sql);
        command.Parameters.Add(new NpgsqlParameter { Value = Prefix });
        await using var reader = await command.ExecuteReaderAsync();
        var names = new List<string>();
        while (await reader.ReadAsync())
            names.Add(reader.GetString(0));
        return names;
    }

    private static async Task ExecuteAsync(
        NpgsqlDataSource source, IEnumerable<string> statements, CancellationToken cancellationToken, bool atomic = true)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        foreach (var some in statements.Chunk(atomic ? StatementsPerBatch : 1))
        {
            await using var batch = connection.CreateBatch();
            foreach (var statement in some)
                batch.BatchCommands.Add(new NpgsqlBatchCommand(statement));
            await batch.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    private static string SearchPath(string user, ProvisionedTenant tenant) =>
        $"ALTER ROLE {Quote(user)} IN DATABASE {Quote(tenant.Database)} SET search_path = {Quote(tenant.Schema)}";

    private static string NewPassword() => RandomNumberGenerator.GetString(PasswordAlphabet, 24);

    private static string Quote(string identifier) => $"\"{identifier.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
