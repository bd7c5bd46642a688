using System.Security.Cryptography;
using HyperConn.Chaos.Observations;
using HyperConn.Host.Demo;
using Npgsql;

namespace HyperConn.Chaos.World;

/// <summary>Makes tenants, and while they are in use changes their logins, their secrets, and whether they exist.</summary>
internal sealed class TenantMaker(ChaosServers servers, SecretService secrets, TenantBook book)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly Dictionary<Site, TenantProvisioner> _provisioners = [];

    /// <summary>Makes the first tenants and their secrets.</summary>
    public async Task ProvisionAsync(int tenants)
    {
        foreach (var site in Enum.GetValues<Site>())
        {
            var plan = new TenantPlan
            {
                Tenants = (tenants + (int)site) / 3,
                OwnDatabases = 3,
                Services = [site.ToString().ToLowerInvariant()],
            };
            var made = await TenantProvisioner.CreateAsync(servers.ServerOf(site), plan);
            _provisioners[site] = made;
            book.Add([.. made.Tenants.Select(tenant => Of(tenant, site))]);
        }

        await Parallel.ForEachAsync(
            book.All.Select(tenant => tenant.Key.Org).Distinct(), new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (org, _) => await PutSecretAsync(org));
    }

    /// <summary>Stores what is in force for an organisation's tenants.</summary>
    public Task PutSecretAsync(string org) => PutSecretAsync(org, SecretText(book.OfOrg(org)));

    public Task PutSecretAsync(string org, string text) => secrets.PutAsync(SecretName(org), text);

    public Task DeleteSecretAsync(string org) => secrets.DeleteAsync(SecretName(org));

    /// <summary>Gives a tenant's user a new password, then tells the secret, as a single-user rotation does.</summary>
    public async Task RotatePasswordAsync(ChaosTenant tenant)
    {
        await PersistAsync(() => _provisioners[tenant.Site].ChangePasswordAsync(tenant.Provisioned));
        await PutSecretAsync(tenant.Key.Org);
    }

    /// <summary>Lets the other user of a tenant in, then tells the secret, as an alternating-users rotation does.</summary>
    public async Task RotateUserAsync(ChaosTenant tenant)
    {
        await PersistAsync(() => _provisioners[tenant.Site].AlternateUserAsync(tenant.Provisioned));
        tenant.LoginChanged();
        await PutSecretAsync(tenant.Key.Org);
    }

    /// <summary>Makes a tenant that was not there before, in a schema of a database that others have, too.</summary>
    public async Task<ChaosTenant> CreateAsync(Site site, string org)
    {
        var neighbour = book.At(site).First(tenant => !tenant.Provisioned.OwnDatabase).Provisioned;
        var prefix = _provisioners[site].Prefix;
        var (user, schema) = ($"{prefix}{org}", $"of_{org}");
        var login = new TenantLogin(user, RandomNumberGenerator.GetHexString(24));
        var tenant = Of(
            new ProvisionedTenant(
                TenantKey.Create(site.ToString().ToLowerInvariant(), org), servers.First.Host, servers.First.Port, neighbour.Database, schema, login, ownDatabase: false),
            site,
            isPassing: true);
        await PersistAsync(() => ExecuteAsync(site, neighbour.Database, $"""
            create role "{user}" login password '{ScramVerifier.Create(login.Password)}' in role "{prefix}tenants" role current_user;
            create schema "{schema}" authorization "{user}" create table events (
                id bigint generated always as identity primary key, tenant text not null, payload text not null, at timestamptz not null default now());
            alter role "{user}" in database "{neighbour.Database}" set search_path = "{schema}";
            """));
        // Whoever finds the tenant in the book finds its secret, too.
        await PutSecretAsync(org, SecretText([tenant]));
        book.Add([tenant]);
        return tenant;
    }

    /// <summary>Deletes a tenant with all it has: its secret first, then its schema and role.</summary>
    public async Task DeleteAsync(ChaosTenant tenant)
    {
        book.Remove(tenant);
        await DeleteSecretAsync(tenant.Key.Org);
        var user = tenant.Provisioned.BaseUser;
        await PersistAsync(() => ExecuteAsync(tenant.Site, tenant.Provisioned.Database, $"""
            select pg_terminate_backend(pid) from pg_stat_activity where usename = '{user}';
            drop schema if exists "{tenant.Provisioned.Schema}" cascade;
            drop role if exists "{user}";
            """));
    }

    private ChaosTenant Of(ProvisionedTenant tenant, Site site, bool isPassing = false)
    {
        var (hosts, parameters) = servers.HostsOf(site);
        return new ChaosTenant(tenant, site, hosts, parameters) { IsPassing = isPassing };
    }

    private static string SecretName(string org) => $"{ChaosHost.Project}-{org}";

    private static string SecretText(IEnumerable<ChaosTenant> tenants) => System.Text.Json.JsonSerializer.Serialize(
        tenants.ToDictionary(tenant => $"{tenant.Key.Service}-postgresql", tenant => tenant.Uri, StringComparer.Ordinal));

    private async Task ExecuteAsync(Site site, string database, string sql)
    {
        var settings = servers.ServerOf(site).Admin(database);
        settings.Pooling = false;
        await using var connection = new NpgsqlConnection(settings.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Tries again while the server is away: another fault may be in force, and the administrators wait for its end, too.</summary>
    private static async Task PersistAsync(Func<Task> work)
    {
        for (var tries = 0; ; tries++)
        {
            try
            {
                await work();
                return;
            }
            catch (Exception fault) when (tries < 150 && fault is NpgsqlException and not PostgresException { SqlState: not ("57P01" or "57P02" or "57P03") })
            {
                await Task.Delay(Pause);
            }
        }
    }
}
