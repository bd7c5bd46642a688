using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace HyperConn.Host.Commands;

/// <summary><c>hyperconn top</c>: a running host in the terminal, over its API.</summary>
internal static class TopCommand
{
    private const string TokenVariable = "HYPERCONN_ADMIN_TOKEN";
    private const int MostTenants = 15;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Command Create()
    {
        var url = new Option<Uri>("--url")
        {
            Description = "Address of the running host's dashboard.",
            DefaultValueFactory = _ => new Uri(new DashboardOptions().Url),
            CustomParser = result =>
            {
                if (Uri.TryCreate(result.Tokens[0].Value, UriKind.Absolute, out var address) && address.Scheme is "http" or "https")
                    return address;
                result.AddError($"'{result.Tokens[0].Value}' is not an http:// or https:// address.");
                return null!;
            },
        };
        var interval = new Option<TimeSpan>("--interval") { Description = "Time between looks, such as 2s.", CustomParser = Durations.Parse, DefaultValueFactory = _ => TimeSpan.FromSeconds(1) };
        var sort = new Option<string>("--sort") { Description = "Order of the tenants.", DefaultValueFactory = _ => "leases" };
        sort.AcceptOnlyFromAmong("leases", "waiting", "permits", "accesses", "failures", "lastUsed", "secretAge");
        var once = new Option<bool>("--once") { Description = "Look once and end." };
        var json = new Option<bool>("--json") { Description = "Print one JSON object per look." };
        var command = new Command(
            "top",
            $"Watch a running host: pools, servers and the busiest tenants. A host open to other machines needs its admin token in {TokenVariable}. "
            + "Exit code 2 when the host can't be reached.")
        {
            url, interval, sort, once, json,
        };
        command.SetAction((parsed, stop) => CommandOutput.RunAsync(
            async () =>
            {
                using var http = new HttpClient { BaseAddress = parsed.GetValue(url), Timeout = TimeSpan.FromSeconds(10) };
                if (Environment.GetEnvironmentVariable(TokenVariable) is { Length: > 0 } token)
                    http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
                var single = parsed.GetValue(once);
                var first = await LookAsync(http, parsed.GetValue(sort)!, stop);
                if (parsed.GetValue(json))
                    await PrintAsync(http, first, parsed.GetValue(sort)!, parsed.GetValue(interval), single, stop);
                else if (single || Console.IsOutputRedirected)
                    await LinesAsync(http, first, parsed.GetValue(sort)!, parsed.GetValue(interval), single, stop);
                else
                    await LiveAsync(http, first, parsed.GetValue(sort)!, parsed.GetValue(interval), stop);
                return ExitCodes.Good;
            },
            stop));
        return command;
    }

    private static async Task<Look> LookAsync(HttpClient http, string sort, CancellationToken stop)
    {
        try
        {
            var overview = GetAsync<Overview>(http, "api/v1/overview", stop);
            var tenants = GetAsync<TenantPage>(http, $"api/v1/tenants?sort={sort}&desc=true&limit={MostTenants}", stop);
            return new Look(await overview, (await tenants).Items);
        }
        catch (Exception exception) when (exception is JsonException or NotSupportedException)
        {
            throw new CommandException($"What answers at {http.BaseAddress} is not a HyperConn host.");
        }
        catch (HttpRequestException exception)
        {
            throw new CommandException(exception.StatusCode switch
            {
                HttpStatusCode.Unauthorized => $"The host wants its admin token: set {TokenVariable}.",
                HttpStatusCode.NotFound => $"What answers at {http.BaseAddress} is not a HyperConn host.",
                { } status => $"The host at {http.BaseAddress} answered {(int)status}.",
                null => $"No host answers at {http.BaseAddress}. Start one with its dashboard on, or give --url.",
            });
        }
        catch (TaskCanceledException) when (!stop.IsCancellationRequested)
        {
            throw new CommandException($"The host at {http.BaseAddress} does not answer in time.");
        }
    }

    private static async Task<T> GetAsync<T>(HttpClient http, string path, CancellationToken stop) =>
        await http.GetFromJsonAsync<T>(path, Json, stop) ?? throw new JsonException();

    private static async Task PrintAsync(HttpClient http, Look look, string sort, TimeSpan interval, bool once, CancellationToken stop)
    {
        while (true)
        {
            var now = look.Overview;
            Console.WriteLine(JsonSerializer.Serialize(new { now.Now, now.Totals, now.Servers, now.Attention, look.Tenants }, Json));
            if (once || !await PauseAsync(interval, stop))
                return;
            look = await LookAsync(http, sort, stop);
        }
    }

    private static async Task LinesAsync(HttpClient http, Look look, string sort, TimeSpan interval, bool once, CancellationToken stop)
    {
        while (true)
        {
            var (overview, _) = look;
            var now = overview.Now;
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{now.At:HH:mm:ss} pools {now.Pools} leases {now.Leases} acquisitions/s {now.HotPerSecond + now.ColdPerSecond:0} waiting {now.Waiting} connections {now.InUse + now.IdleHeld}/{now.Limit?.ToString(CultureInfo.InvariantCulture) ?? "-"} failures/s {now.FailedPerSecond:0.#} attention {overview.Attention.Count}"));
            if (once || !await PauseAsync(interval, stop))
                return;
            look = await LookAsync(http, sort, stop);
        }
    }

    private static Task LiveAsync(HttpClient http, Look look, string sort, TimeSpan interval, CancellationToken stop) =>
        AnsiConsole.Live(Draw(look, sort)).AutoClear(true).StartAsync(async live =>
        {
            while (await PauseAsync(interval, stop))
                live.UpdateTarget(Draw(await LookAsync(http, sort, stop), sort));
        });

    internal static IRenderable Draw(Look look, string sort)
    {
        var (overview, tenants) = look;
        var now = overview.Now;
        var head = new Markup(string.Create(
            CultureInfo.InvariantCulture,
            $"[bold]{Markup.Escape(Printable.Line(overview.Title))}[/]  pools [bold]{now.Pools:N0}[/]  leases [bold]{now.Leases:N0}[/]  acquisitions/s [bold]{now.HotPerSecond + now.ColdPerSecond:N0}[/] [grey](cold {now.ColdPerSecond:N0})[/]  waiting [{(now.Waiting > 0 ? "yellow" : "bold")}]{now.Waiting:N0}[/]  failures/s [{(now.FailedPerSecond > 0 ? "red" : "bold")}]{now.FailedPerSecond:0.#}[/]"));
        var servers = Table("Server", "Budget", "In use", "Idle", "Limit", "Waiting", "Oldest wait");
        foreach (var s in overview.Servers.Take(8))
        {
            servers.AddRow(
                new Text(Printable.Line(s.Server)), Bar(s), new Text($"{s.InUse:N0}"), new Text($"{s.IdleHeld:N0}"), new Text(s.Limit?.ToString("N0", CultureInfo.InvariantCulture) ?? "none"),
                new Markup(s.Waiting > 0 ? $"[yellow]{s.Waiting:N0}[/]" : "0"), new Text(s.Waiting > 0 ? $"{s.OldestWait:0.0} s" : ""));
        }

        var busiest = Table("Tenant", "State", "Leases", "Permits", "Waiting", "Accesses", "Failures");
        foreach (var t in tenants)
        {
            busiest.AddRow(
                new Text(Printable.Line($"{t.Service}/{t.Org}")), new Markup(t.State is "failing" or "banned" ? $"[red]{Markup.Escape(Printable.Line(t.State))}[/]" : Markup.Escape(Printable.Line(t.State))), new Text($"{t.Leases:N0}"), new Text($"{t.Permits:N0}"),
                new Text($"{t.Waiting:N0}"), new Text($"{t.AccessCount:N0}"), new Text(t.Failures > 0 ? Printable.Line($"{t.Failures} {t.FailureCode}") : ""));
        }

        var attention = overview.Attention.Take(5).Select(a =>
            (IRenderable)new Markup($"[{(a.Severity == "critical" ? "red" : a.Severity == "warning" ? "yellow" : "grey")}]●[/] {Markup.Escape(Printable.Line(a.Title))}"));
        return new Rows([head, servers, new Markup($"[grey]tenants by {Markup.Escape(sort)}[/]"), busiest, .. attention, new Markup("[grey]Ctrl-C ends[/]")]);
    }

    private static Table Table(params string[] columns)
    {
        var table = new Table().Border(TableBorder.Simple).BorderColor(Color.Grey);
        foreach (var (name, i) in columns.Select((name, i) => (name, i)))
        {
            var column = new TableColumn($"[grey]{name}[/]").NoWrap();
            table.AddColumn(i > 1 ? column.RightAligned() : column);
        }

        return table;
    }

    private static Markup Bar(ServerNow server)
    {
        const int Width = 24;
        var whole = Math.Max(1, Math.Max(server.Limit ?? 0, server.InUse + server.IdleHeld));
        var used = (int)Math.Round((double)server.InUse / whole * Width);
        var idle = Math.Min(Width - used, (int)Math.Round((double)server.IdleHeld / whole * Width));
        return new Markup($"[{(server.Limit is { } limit && server.InUse >= limit ? "yellow" : "blue")}]{new string('█', used)}[/][grey]{new string('▒', idle)}{new string('·', Width - used - idle)}[/]");
    }

    private static async Task<bool> PauseAsync(TimeSpan interval, CancellationToken stop)
    {
        try
        {
            await Task.Delay(interval, stop);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    internal sealed record Look(Overview Overview, IReadOnlyList<TenantRow> Tenants);
}
