using System.CommandLine;
using System.CommandLine.Invocation;
using HyperConn.Host;
using HyperConn.Host.Commands;

StandardStreams.Guard();
var root = new RootCommand("PostgreSQL connections for many tenants, managed by actors.")
{
    RunCommand.Create(),
    DemoCommand.Create(),
    DemoNodeCommand.Create(),
    CheckCommand.Create(),
    TenantsCommand.Create(),
    ExecCommand.Create(),
    MigrateCommand.Create(),
    TopCommand.Create(),
};
var parsed = root.Parse(args);
// What is wrong, in one line; a page of help after it would hide it.
if (parsed.Action is ParseErrorAction fault)
    fault.ShowHelp = args.Length == 0;
// Ctrl-C and SIGTERM cancel the command's token; draining then takes its time.
var invocation = new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromMinutes(2), EnableDefaultExceptionHandler = false };
var code = await CommandOutput.RunAsync(() => parsed.InvokeAsync(invocation), CancellationToken.None);
return parsed.Action is ParseErrorAction ? ExitCodes.NotStarted : code;
