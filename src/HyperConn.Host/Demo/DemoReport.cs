using System.Globalization;
using HyperConn.Host.Demo.Nodes;
using Spectre.Console;

namespace HyperConn.Host.Demo;

/// <summary>The demo's summary for people.</summary>
internal static class DemoReport
{
    public static void Write(IAnsiConsole console, DemoSummary summary, DemoOptions options)
    {
        var table = new Table().Border(TableBorder.Rounded).BorderColor(Color.Grey)
            .AddColumns(new TableColumn("").NoWrap(), new TableColumn("").RightAligned().NoWrap(), new TableColumn("[grey]means[/]")).HideHeaders();
        void Row(string name, string value, string meaning) => table.AddRow(name, value, $"[grey]{Markup.Escape(meaning)}[/]");
        Row("events", Number(summary.Events), $"{summary.Events / Math.Max(summary.ElapsedSeconds, 0.001):N0} a second for {summary.ElapsedSeconds:0.0} s, over {summary.Tenants} tenants");
        Row("failed", Verdict(summary.Failed), Causes(summary));
        Row("wrong tenant", Verdict(summary.WrongTenant), "events that ran as another tenant, or rows in another's table");
        Row("rows", Number(summary.Rows), "found in the tenants' tables at the end");
        Row("pools made", Number(summary.PoolsCreated), $"of which at most {options.MaxPools} were to live at once");
        Row("evictions", Number(summary.Evictions), string.Join(", ", summary.EvictionsByReason.Where(reason => reason.Value > 0).Select(reason => $"{reason.Key} {reason.Value:N0}")));
        Row("hot / cold", $"{Number(summary.HotAcquisitions)} / {Number(summary.ColdAcquisitions)}", "connections had at once / that needed a pool or a permit first");
        Row("secret calls", Number(summary.SecretCalls), "calls to the secret store for all of that");
        Row("rotations", Number(summary.Rotations), "passwords and users changed meanwhile");
        Row("peak sessions", Number(summary.PeakServerSessions), summary.MaxConnections is { } most ? $"of the server's max_connections = {most}" : "most of them on the server at once");
        Row("sessions left", Verdict(summary.SessionsLeft), "on the server after the drain");
        if (summary.Cluster is { } cluster)
            NodesReport.AddTo(table, cluster);
        console.Write(table);
        console.MarkupLine(summary.IsGood ? "[green]All as promised.[/]" : "[bold red]Not as promised: see the red numbers.[/]");
    }

    private static string Causes(DemoSummary summary) => summary.FailuresByCause.Count == 0
        ? "events without an answer in time, or with an error"
        : string.Join(", ", summary.FailuresByCause.Select(cause => $"{cause.Key} {cause.Value:N0}"));

    private static string Verdict(long count) => count == 0 ? "[green]0[/]" : $"[bold red]{Number(count)}[/]";

    private static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
