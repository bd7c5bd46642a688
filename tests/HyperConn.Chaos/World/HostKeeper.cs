using HyperConn.Chaos.Observations;
using Microsoft.Extensions.Logging;

namespace HyperConn.Chaos.World;

/// <summary>The host in use. It is replaced when it is restarted; who has the old one is told that it shuts down.</summary>
internal sealed class HostKeeper(string secretsUrl, TimeProvider clock, Budgets budgets, ILoggerProvider logs)
{
    private volatile ChaosHost? _current;

    public ChaosHost Current => _current ?? throw new InvalidOperationException("The host was not started.");

    /// <summary>When the host in use began.</summary>
    public TimeSpan StartedAt { get; private set; }

    public async Task StartAsync()
    {
        _current = await ChaosHost.StartAsync(secretsUrl, clock, budgets, logs);
        StartedAt = RunClock.Now;
    }

    public ValueTask StopAsync() => Current.DisposeAsync();
}
