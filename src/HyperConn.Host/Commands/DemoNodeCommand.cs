using System.CommandLine;
using HyperConn.Host.Demo.Nodes;

namespace HyperConn.Host.Commands;

/// <summary><c>hyperconn demo-node</c>: one of the processes that <c>demo --nodes</c> starts. Not for people.</summary>
internal static class DemoNodeCommand
{
    public const string Name = "demo-node";

    public static Command Create()
    {
        var settings = new Argument<string>("settings");
        var join = new Argument<string[]>("join") { Arity = ArgumentArity.ZeroOrMore };
        var command = new Command(Name, "One node of 'demo --nodes', which ends when its standard input does.") { settings, join };
        command.Hidden = true;
        command.SetAction((parsed, stop) => CommandOutput.RunAsync(
            async () =>
            {
                using var end = CancellationTokenSource.CreateLinkedTokenSource(stop);
                var orders = new NodeOrders();
                var parent = Task.Run(() => HearParentAsync(orders, end), CancellationToken.None);
                await NodeHost.RunAsync(NodeSettings.Read(parsed.GetValue(settings)!), parsed.GetValue(join)!, Console.Out, orders, end.Token);
                return ExitCodes.Good;
            },
            stop));
        return command;
    }

    /// <summary>Whoever started it closes its input in the end, also by dying.</summary>
    private static async Task HearParentAsync(NodeOrders orders, CancellationTokenSource end)
    {
        while (await Console.In.ReadLineAsync() is { } line)
            orders.Add(line);

        await end.CancelAsync();
    }
}
