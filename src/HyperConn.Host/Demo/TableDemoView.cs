using System.Globalization;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace HyperConn.Host.Demo;

/// <summary>A live table on a terminal.</summary>
internal sealed class TableDemoView(IAnsiConsole console) : IDemoView
{
    private const int BusiestShown = 5;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    public void Say(string step) => console.MarkupLineInterpolated($"[grey]{step}[/]");

    public void Notice(string notice) => console.MarkupLineInterpolated($"[yellow]{notice}[/]");

    public Task RunAsync(DemoSituation situation, CancellationToken stop) =>
        console.Live(new Text("")).AutoClear(true).StartAsync(async live =>
        {
            using var timer = new PeriodicTimer(Interval);
            var last = (Events: 0L, At: TimeSpan.Zero);
            try
            {
                do
                {
                    var statistics = await situation.Pools.GetStatisticsAsync(stop);
                    var (events, at) = (situation.Events.Ended, situation.Elapsed.Elapsed);
                    var perSecond = at > last.At ? (events - last.Events) / (at - last.At).TotalSeconds : 0;
                    last = (events, at);
                    live.UpdateTarget(Draw(situation, statistics, perSecond));
                }
                while (await timer.WaitForNextTickAsync(stop));
            }
            catch (OperationCanceledException)
            {
                // Stopped.
            }
        });

    private static Rows Draw(DemoSituation situation, HyperConnStatistics statistics, double perSecond)
    {
        var (options, events, sessions) = (situation.Options, situation.Events, situation.Sessions);
        var table = new Table().Border(TableBorder.Rounded).BorderColor(Color.Grey).Expand()
            .Title($"[bold]HyperConn[/]  {Bar(situation.Elapsed.Elapsed, options.Duration)}")
            .AddColumns(new TableColumn("").NoWrap(), new TableColumn("[grey]now[/]").NoWrap(), new TableColumn("[grey]so far[/]"));
        table.AddRow("Events", $"{perSecond:N0}/s, {events.InFlight} under way", $"{events.Ended:N0} handled for {options.Tenants} tenants");
        table.AddRow("Failed / wrong tenant", "", $"{Alarm(events.Rejected - situation.WrongTenant)} / {Alarm(situation.WrongTenant)}");
        table.AddRow("Pools", $"{statistics.Pools} of {options.MaxPools}", $"{statistics.PoolsCreated:N0} made");
        table.AddRow("Leases", Number(statistics.Leases), $"{statistics.HotAcquisitions:N0} hot, {statistics.ColdAcquisitions:N0} cold");
        table.AddRow("Evictions", "", Evictions(statistics));
        table.AddRow("Secrets", $"{statistics.Secrets.Cached} known", $"{statistics.Secrets.StoreCalls:N0} calls to the store, {statistics.Secrets.CacheHits:N0} cache hits");
        table.AddRow("Server sessions", Number(sessions.Now), $"peak {sessions.Peak}{Limit(statistics)}");
        table.AddRow("Waiting for a session", Number(statistics.Servers.Sum(server => server.Waiting)), $"{statistics.Servers.Sum(server => server.Reclaims):N0} taken back from idle pools");
        table.AddRow("Rotations", "", options.Rotate ? Number(situation.Rotation.Done) : "[grey]off[/]");

        var parts = new List<IRenderable> { table, Busiest(statistics) };
        parts.AddRange(situation.Logs.Lines.Select(line => new Text(line, new Style(Color.Yellow)).Ellipsis()));
        parts.Add(new Markup("[grey]Ctrl-C drains and ends[/]"));
        return new Rows(parts);
    }

    private static Table Busiest(HyperConnStatistics statistics)
    {
        var table = new Table().Border(TableBorder.None).Expand()
            .AddColumns("[grey]busiest tenants[/]", "[grey]user[/]", "[grey]database[/]", "[grey]leases[/]", "[grey]used[/]", "[grey]generation[/]");
        foreach (var tenant in statistics.Tenants.OrderByDescending(tenant => tenant.AccessCount).Take(BusiestShown))
        {
            table.AddRow(
                Markup.Escape(tenant.Tenant.ToString()),
                Markup.Escape(Printable.Line(tenant.Username ?? "")),
                Markup.Escape(Printable.Line(tenant.Database ?? "")),
                Number(tenant.Leases),
                Number(tenant.AccessCount),
                Number(tenant.Generation));
        }

        return table;
    }

    private static string Evictions(HyperConnStatistics statistics) => string.Join(
        ", ",
        from reason in statistics.Evictions
        where reason.Value > 0
        orderby reason.Value descending
        select $"{reason.Value:N0} {Words(reason.Key)}");

    private static string Words(EvictionReason reason) => reason switch
    {
        EvictionReason.IdleTimeToLive => "idle too long",
        EvictionReason.LeastRecentlyUsed => "least recently used",
        EvictionReason.Overflow => "surplus",
        EvictionReason.Requested => "asked for",
        _ => "shutdown",
    };

    private static string Limit(HyperConnStatistics statistics) =>
        statistics.Servers.Count == 0 ? "" : $", budget {string.Join(" + ", statistics.Servers.Select(server => server.Limit?.ToString(CultureInfo.InvariantCulture) ?? "unlimited"))}";

    private static string Bar(TimeSpan elapsed, TimeSpan duration)
    {
        const int Width = 24;
        var done = (int)Math.Clamp(Width * (elapsed / duration), 0, Width);
        return $"[green]{new string('━', done)}[/][grey]{new string('━', Width - done)}[/] {elapsed.TotalSeconds:0} of {duration.TotalSeconds:0} s";
    }

    private static string Alarm(long count) => count == 0 ? "[green]0[/]" : $"[bold red]{count:N0}[/]";

    private static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
