using System.CommandLine;
using Spectre.Console;

namespace HyperConn.Host.Commands;

/// <summary><c>hyperconn tenants</c>: what the secret store has.</summary>
internal static class TenantsCommand
{
    public static Command Create()
    {
        var config = CommandSession.ConfigOption();
        var selection = new TenantSelection();
        var json = new Option<bool>("--json") { Description = "Print a JSON array." };
        var command = new Command("tenants", "List tenants: each configured service of each organisation that has a secret. Opens no database.")
        {
            config, json,
        };
        selection.AddTo(command);
        command.SetAction((parsed, stop) => CommandOutput.RunAsync(
            async () =>
            {
                await using var session = await CommandSession.OpenAsync(parsed.GetValue(config)!, stop);
                var tenants = await selection.ReadAsync(parsed, session, stop);
                var project = session.Options.ProjectName;
                if (parsed.GetValue(json))
                {
                    CommandOutput.WriteJson(tenants.Select(t => new { t.Service, t.Org, Secret = $"{project}-{t.Org}" }));
                }
                else if (Console.IsOutputRedirected)
                {
                    foreach (var tenant in tenants)
                        Console.WriteLine(tenant);
                }
                else
                {
                    var table = new Table().Border(TableBorder.Rounded).BorderColor(Color.Grey).AddColumns("Service", "Organisation", "Secret");
                    foreach (var tenant in tenants)
                        table.AddRow(new Text(tenant.Service), new Text(tenant.Org), new Text($"{project}-{tenant.Org}"));
                    AnsiConsole.Write(table);
                    Console.WriteLine($"{tenants.Count} tenants");
                }

                return ExitCodes.Good;
            },
            stop));
        return command;
    }
}
