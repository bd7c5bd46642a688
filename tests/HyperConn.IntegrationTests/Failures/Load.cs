using System.Collections.Concurrent;
using System.Diagnostics;

namespace HyperConn.Tests.Integration;

/// <summary>Workers that do something again and again until told to stop, and what became of it.</summary>
internal sealed class Load : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<Exception> _faults = [];
    private readonly ConcurrentBag<double> _milliseconds = [];
    private readonly List<Task> _workers = [];
    private int _done;

    /// <summary>Operations that ended well.</summary>
    public int Done => Volatile.Read(ref _done);

    /// <summary>What the others ended with.</summary>
    public IReadOnlyCollection<Exception> Faults => _faults;

    /// <param name="workers">How many.</param>
    /// <param name="operation">One operation, given a number that rises; it throws when it fails.</param>
    public static Load Start(int workers, Func<int, Task> operation)
    {
        var load = new Load();
        var next = -1;
        for (var i = 0; i < workers; i++)
            load._workers.Add(Task.Run(() => load.WorkAsync(() => operation(Interlocked.Increment(ref next)))));
        return load;
    }

    /// <summary>Waits for so many operations more.</summary>
    public async Task PassAsync(int operations)
    {
        var until = Done + operations;
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (Done < until)
            await Task.Delay(10, patience.Token);
    }

    /// <summary>Waits until so many operations have failed.</summary>
    public async Task FailAsync(int operations)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(120));
        while (_faults.Count < operations)
            await Task.Delay(10, patience.Token);
    }

    /// <summary>Ends the work; what is under way is finished.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_workers);
    }

    /// <summary>How long operations took, in milliseconds, for the log of the test.</summary>
    public double Percentile(double share)
    {
        var sorted = _milliseconds.Order().ToArray();
        return sorted.Length == 0 ? double.NaN : sorted[(int)(share * (sorted.Length - 1))];
    }

    public void AssertNoFaults() => Assert.True(_faults.IsEmpty, $"{_faults.Count} of {Done + _faults.Count} failed, first: {_faults.FirstOrDefault()}");

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
    }

    private async Task WorkAsync(Func<Task> operation)
    {
        while (!_stop.IsCancellationRequested)
        {
            var start = Stopwatch.GetTimestamp();
            try
            {
                await operation();
                Interlocked.Increment(ref _done);
                _milliseconds.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            }
            catch (Exception fault)
            {
                _faults.Add(fault);
                await Task.Delay(5);
            }
        }
    }
}
