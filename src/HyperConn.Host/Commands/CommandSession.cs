using System.CommandLine;
using Akka.Hosting;
using HyperConn.Events;
using Microsoft.Extensions.Options;

namespace HyperConn.Host.Commands;

/// <summary>The library, started from a configuration file for one command.</summary>
internal sealed class CommandSession : IAsyncDisposable
{
    private readonly IHost _host;

    private CommandSession(IHost host, EventTable? inbox, OutboxOptions? outbox)
    {
        (_host, Inbox, Outbox) = (host, inbox, outbox);
        Pools = host.Services.GetRequiredService<ITenantPools>();
        Options = host.Services.GetRequiredService<IOptions<HyperConnOptions>>().Value;
    }

    public ITenantPools Pools { get; }

    public IServiceProvider Services => _host.Services;

    public HyperConnOptions Options { get; }

    /// <summary>Table in which <c>run</c> notes ids of events in each tenant's database; null: the file configures no such worker.</summary>
    public EventTable? Inbox { get; }

    /// <summary>The outbox that <c>run</c> reads; null: the file names none.</summary>
    public OutboxOptions? Outbox { get; }

    public static Option<string> ConfigOption() =>
        new("--config", "-c") { Description = "Configuration file (HOCON).", DefaultValueFactory = _ => "hyperconn.conf" };

    /// <summary>Starts it.</summary>
    /// <exception cref="CommandException">The file is missing or its settings are wrong; the message says what.</exception>
    public static async Task<CommandSession> OpenAsync(string path, CancellationToken cancellationToken)
    {
        var config = HostConfiguration.Load(path);
        if (config.Faults() is { Count: > 0 } faults)
            throw new CommandException(string.Join(Environment.NewLine, faults));
        var unreadable = new List<string>();
        var logging = HostSettings.Logging(config.Hocon, unreadable);
        unreadable.AddRange(HostLogging.Faults(logging));
        if (unreadable.Count > 0)
            throw new CommandException(string.Join(Environment.NewLine, unreadable));
        IHost? host = null;
        try
        {
            var builder = HostComposition.CreateBuilder();
            if (HostLogging.IsAskedFor(logging))
                builder.Logging.AddHostConsole(logging);
            config.AddTo(builder.Services);
            builder.Services.AddAkka("hyperconn", (akka, services) => akka.AddHocon(config.Hocon, HoconAddMode.Prepend).WithHostLogging(services).WithHyperConn());
            host = builder.Build();
            await host.StartAsync(cancellationToken);
            var worker = RunSettings.Read(config.Hocon, config.Resolve, []);
            return new CommandSession(
                host,
                worker is { Inbox: true, Statements.Count: > 0 } ? EventTable.Inbox(worker.InboxTable) : null,
                worker.Events == SourceSettings.OutboxName ? SourceSettings.Read(config.Hocon, []).Outbox : null);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            host?.Dispose();
            throw new CommandException(exception is HyperConnException ? exception.Message : $"'{path}' can't be used: {exception.Message}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync(CancellationToken.None);
        _host.Dispose();
    }
}
