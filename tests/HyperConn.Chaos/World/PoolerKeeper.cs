using HyperConn.Chaos.Observations;
using HyperConn.Tests;

namespace HyperConn.Chaos.World;

/// <summary>
/// Starts PgBouncer again when it has ended by itself, as whoever runs it has a service manager do. PgBouncer 1.18, which Debian 12 has, ends
/// when a client that sent a request to cancel goes away before the server behind has answered (pgbouncer/pgbouncer#801).
/// </summary>
internal sealed class PoolerKeeper : IAsyncDisposable
{
    private const string Program = "pgbouncer";
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _oneAtATime = new(1, 1);
    private readonly PgBouncer _pooler;
    private readonly Task _keeping;

    public PoolerKeeper(PgBouncer pooler)
    {
        _pooler = pooler;
        _keeping = Task.Run(KeepAsync);
    }

    /// <summary>Told the last words of a pooler that ended by itself; what is returned is told when it is there again.</summary>
    public Func<string, Action>? EndedByItself { get; set; }

    /// <summary>Ends it as kill -9 does, and starts it again.</summary>
    public async Task RestartAsync(TimeSpan away)
    {
        await _oneAtATime.WaitAsync();
        try
        {
            await _pooler.RestartAsync(away);
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    /// <summary>Its process.</summary>
    /// <exception cref="InvalidOperationException">There is none, and none comes.</exception>
    public async Task<int> ProcessAsync()
    {
        for (var began = RunClock.Now; RunClock.Now - began < Patience; await Task.Delay(Interval))
        {
            if (ProcessTree.OwnNamed(Program) is [var process])
                return process;
        }

        throw new InvalidOperationException($"PgBouncer does not run: {LastWords(await _pooler.ReadLogAsync())}");
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _keeping;
        await _pooler.DisposeAsync();
        _stop.Dispose();
    }

    private async Task KeepAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            await Task.Delay(Interval, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!_oneAtATime.Wait(0))
                continue;
            try
            {
                if (!_stop.IsCancellationRequested && ProcessTree.OwnNamed(Program).Count == 0)
                {
                    var isBack = EndedByItself?.Invoke(LastWords(await _pooler.ReadLogAsync()));
                    await _pooler.RestartAsync(TimeSpan.Zero);
                    isBack?.Invoke();
                }
            }
            finally
            {
                _oneAtATime.Release();
            }
        }
    }

    // Without the time and the process, which stand in front.
    private static string LastWords(string log) =>
        log.Split('\n', StringSplitOptions.RemoveEmptyEntries).LastOrDefault(line => line.Contains(" FATAL ", StringComparison.Ordinal)) is { } line
            ? line[(line.IndexOf("] ", StringComparison.Ordinal) + 2)..]
            : "its log does not say why";
}
