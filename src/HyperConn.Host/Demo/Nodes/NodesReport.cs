using System.Globalization;
using Spectre.Console;

namespace HyperConn.Host.Demo.Nodes;

/// <summary>The nodes' lines in the demo's table.</summary>
internal static class NodesReport
{
    public static void AddTo(Table table, NodesSummary nodes)
    {
        var verdict = nodes.PeakSessions <= nodes.Limit ? $"[green]{nodes.PeakSessions}[/]" : $"[bold red]{nodes.PeakSessions}[/]";
        Row("sessions of all", $"{verdict} of {nodes.Limit}", $"most at once, counted {nodes.Counts.ToString("N0", CultureInfo.InvariantCulture)} times; the limit of all nodes together");
        foreach (var node in nodes.Nodes)
        {
            var end = node.WasKilled ? "killed in the middle" : node.ExitCode == 0 ? "drained and left" : $"ended with {node.ExitCode}";
            Row(node.Name, node.Events.ToString("N0", CultureInfo.InvariantCulture), $"events, {node.Failed:N0} failed; at most {node.PeakSessions} sessions; {end}");
        }

        if (nodes.Kills)
        {
            Row(
                "share taken over",
                nodes.ShareUsedByOthersSeconds is { } seconds ? string.Create(CultureInfo.InvariantCulture, $"[green]{seconds:0.0} s[/]") : "[bold red]never[/]",
                $"until the others had used the {nodes.KilledSessions} sessions of the killed node");
        }

        void Row(string name, string value, string meaning) => table.AddRow(name, value, $"[grey]{Markup.Escape(meaning)}[/]");
    }
}
