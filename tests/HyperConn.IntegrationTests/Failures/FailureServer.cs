using System.Globalization;
using HyperConn.Host.Demo;
using HyperConn.Testing;
using Npgsql;

namespace HyperConn.Tests.Integration;

/// <summary>A server of the test's own with a log that can be read, and a Secrets Manager that fails when told to.</summary>
internal sealed class FailureServer : IAsyncDisposable
{
    private FailureServer(PostgresServer server, TenantProvisioner tenants, FaultyAwsEndpoint secrets) =>
        (Server, Tenants, Secrets) = (server, tenants, secrets);

    public PostgresServer Server { get; }

    public TenantProvisioner Tenants { get; }

    public FaultyAwsEndpoint Secrets { get; }

    public static async Task<FailureServer> StartAsync(int tenants)
    {
        var server = await PostgresFixture.StartOwnAsync(new PostgresServerOptions
        {
            Settings = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["logging_collector"] = "on",
                ["log_directory"] = "log",
                ["log_filename"] = "server.log",
                ["lc_messages"] = "C",
                ["log_connections"] = "on",
                ["log_line_prefix"] = "%n|%p|%u|",
            },
        });
        var plan = new TenantPlan { Tenants = tenants, OwnDatabases = 0, Services = ["core"] };
        var made = new FailureServer(server, await TenantProvisioner.CreateAsync(server, plan), await FaultyAwsEndpoint.StartAsync());
        foreach (var tenant in made.Tenants.Tenants)
            made.Put(tenant.Key, tenant.ConnectionUri);
        return made;
    }

    public void Put(TenantKey tenant, string uri) => Secrets.Put(Manager.SecretName(tenant), Manager.SecretText(tenant, uri));

    /// <summary>How often something is in the server's log.</summary>
    public async Task<int> CountInLogAsync(string text) => (await ReadLogAsync()).Split(text).Length - 1;

    /// <summary>The most often something is in the server's log within any minute.</summary>
    public async Task<int> MostInAMinuteAsync(string text)
    {
        var times = (await ReadLogAsync()).Split('\n')
            .Where(line => line.Contains(text, StringComparison.Ordinal))
            .Select(line => double.Parse(line.Split('|')[0], CultureInfo.InvariantCulture))
            .ToList();
        return times.Select(first => times.Count(time => time >= first && time < first + 60)).DefaultIfEmpty().Max();
    }

    /// <summary>
    /// The most connections of tenants that were between their arrival at the server and its word that they are in, at once.
    /// </summary>
    public async Task<int> MostLoginsAtOnceAsync()
    {
        // time|process|user|LOG:  connection received: …, then of the same process: connection authorized, or why not.
        var lines = (await ReadLogAsync()).Split('\n').Select(line => line.Split('|', 4)).Where(line => line.Length == 4).ToList();
        var (most, now) = (0, new Dictionary<string, int>(StringComparer.Ordinal));
        foreach (var (line, place) in lines.Select((line, place) => (line, place)))
        {
            var process = line[1];
            if (line[3].Contains("connection received", StringComparison.Ordinal))
                now[process] = place;
            else
                now.Remove(process);
            most = Math.Max(most, now.Values.Count(arrived => IsTenant(lines.Skip(arrived + 1).FirstOrDefault(next => next[1] == lines[arrived][1]))));
        }

        return most;

        bool IsTenant(string[]? next) => next?[2].StartsWith(Tenants.Prefix, StringComparison.Ordinal) == true;
    }

    private async Task<string> ReadLogAsync()
    {
        await using var source = NpgsqlDataSource.Create(Server.Admin());
        await using var command = source.CreateCommand("select pg_read_file('log/server.log')");
        return (string)(await command.ExecuteScalarAsync())!;
    }

    public async ValueTask DisposeAsync()
    {
        await Secrets.DisposeAsync();

        // The provisioner would drop what goes with the server anyway, and a test may have left it down.
        await Server.DisposeAsync();
    }
}
