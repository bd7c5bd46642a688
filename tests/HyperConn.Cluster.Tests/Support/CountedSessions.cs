using HyperConn.Host.Demo;
using HyperConn.Host.Demo.Nodes;

namespace HyperConn.Tests.Support;

/// <summary>Counts the tenants' sessions at the server itself, every few milliseconds, as the demo on several nodes does.</summary>
internal sealed class CountedSessions : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly NodeSessions _sessions;
    private readonly Task _counting;

    public CountedSessions(PostgresServer server, TenantProvisioner tenants)
    {
        _sessions = new NodeSessions(server, tenants.Prefix);
        _counting = Task.Run(() => _sessions.RunAsync(_stop.Token));
    }

    /// <summary>Most sessions there were at once.</summary>
    public int Peak => _sessions.Peak;

    /// <summary>Times they were counted.</summary>
    public int Counts => _sessions.Counts;

    /// <summary>Sessions by their node's tag, when they were counted last.</summary>
    public IReadOnlyDictionary<string, int> Now => _sessions.Now;

    /// <inheritdoc cref="NodeSessions.WaitAsync"/>
    public Task<TimeSpan?> WaitAsync(Func<IReadOnlyDictionary<string, int>, bool> isSo, TimeSpan patience) =>
        _sessions.WaitAsync(isSo, patience, CancellationToken.None);

    /// <summary>Counts no more.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _counting;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await _sessions.DisposeAsync();
        _stop.Dispose();
    }
}
