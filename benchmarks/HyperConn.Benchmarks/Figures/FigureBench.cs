using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using HyperConn.Benchmarks.Rivals;
using HyperConn.Benchmarks.Running;
using HyperConn.Host.Demo;
using HyperConn.Tests;

namespace HyperConn.Benchmarks.Figures;

/// <summary>A server with so many tenants, on which one contender after the other shows what it does.</summary>
internal static class FigureBench
{
    private const int Databases = 4;

    // PostgreSQL keeps three for superusers, which is what this program looks with.
    private const int Reserved = 3;

    public static async Task RunAsync(int count, IReadOnlyList<string> contenders, int seconds, FileInfo json, CancellationToken cancellationToken)
    {
        Say($"{count} tenants: making them …");
        var plan = new TenantPlan { Tenants = count, OwnDatabases = 0, SharedDatabases = Databases, Services = ["core"] };
        await using var tenants = await Tenants.CreateAsync(plan, FigurePlan.Budget + Reserved);
        await using var pooler = contenders.Contains(Contenders.Pooler) ? await PoolerAsync(tenants) : null;
        foreach (var contender in contenders)
        {
            var began = Stopwatch.GetTimestamp();
            Say($"{count} tenants, {contender} …");
            var told = new FigurePlan
            {
                Contender = contender,
                Seconds = seconds,
                Tenants = [.. tenants.All.Select(tenant => new FigureTenant(
                    tenant.Key.Org,
                    tenant.Login.User,
                    contender == Contenders.Pooler ? pooler!.Through(tenant) : tenant.ConnectionUri + "?sslmode=disable"))],
            };
            var result = await RunOneAsync(told, cancellationToken);
            await tenants.QuietAsync();
            if (result is null)
            {
                Say("  not measured: Node, or hyperconn-pg (npm ci in benchmarks/hyperconn-pg), is missing.");
                continue;
            }

            await WriteAsync(result, json, cancellationToken);
            foreach (var (name, value) in result.Values)
                Say(string.Create(CultureInfo.InvariantCulture, $"  {name}: {value:0.###}"));
            foreach (var (phase, errors) in result.Errors)
                Say($"  errors, {phase}: {string.Join(", ", errors.Select(error => $"{error.Key} {error.Value}"))}");
            Say(string.Create(CultureInfo.InvariantCulture, $"  wrong tenants: {result.WrongTenants}; took {Stopwatch.GetElapsedTime(began).TotalSeconds:0} s"));
        }
    }

    public static async Task<IReadOnlyList<FigureResult>> ReadAsync(FileInfo json, CancellationToken cancellationToken)
    {
        if (!File.Exists(json.FullName))
            return [];
        await using var text = json.OpenRead();
        return await JsonSerializer.DeserializeAsync<FigureResult[]>(text, cancellationToken: cancellationToken) ?? [];
    }

    private static async Task WriteAsync(FigureResult result, FileInfo json, CancellationToken cancellationToken)
    {
        var others = (await ReadAsync(json, cancellationToken)).Where(other => (other.Contender, other.Tenants) != (result.Contender, result.Tenants));
        var all = others.Append(result).OrderBy(one => one.Tenants).ThenBy(one => Contenders.All.ToList().IndexOf(one.Contender));
        await File.WriteAllTextAsync(json.FullName, JsonSerializer.Serialize(all, Formats.Readable) + "\n", cancellationToken);
    }

    private static Task<PgBouncer> PoolerAsync(Tenants tenants) => PgBouncer.StartAsync(
        tenants.Server,
        new PgBouncerOptions(PgBouncerOptions.Transaction)
        {
            Users = [.. tenants.All.Select(tenant => tenant.Login)],
            Settings = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["max_client_conn"] = "15000",
                ["max_db_connections"] = (FigurePlan.Budget / Databases).ToString(CultureInfo.InvariantCulture),
            },
        });

    private static async Task<FigureResult?> RunOneAsync(FigurePlan plan, CancellationToken cancellationToken)
    {
        if (plan.Contender == Contenders.Node)
            return await HyperConnPg.RunAsync<FigureResult>("figures.mjs", plan);
        var (told, done) = (Path.GetTempFileName(), Path.GetTempFileName());
        try
        {
            await File.WriteAllTextAsync(told, JsonSerializer.Serialize(plan), cancellationToken);
            if (await OwnProcess.RunAsync(["figures-of-one", told, done], cancellationToken) is var code and not 0)
                throw new InvalidOperationException($"{plan.Contender} ended with {code}.");
            await using var text = File.OpenRead(done);
            return await JsonSerializer.DeserializeAsync<FigureResult>(text, cancellationToken: cancellationToken);
        }
        finally
        {
            File.Delete(told);
            File.Delete(done);
        }
    }

    private static void Say(string text) => Console.Error.WriteLine(text);
}
