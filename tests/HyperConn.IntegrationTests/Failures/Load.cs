using System.Collections.Concurrent;
using System.Diagnostics;

namespace HyperConn.Tests.Integration;

/// <summary>Workers that do something again and again until told to stop, and what became of it.</summary>
internal sealed class Load : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

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
    public Task PassAsync(int operations)
    {
        var until = Done + operations;
        return ReachAsync(() => Done, until);
    }

    /// <summary>Waits until so many operations have failed.</summary>
    public Task FailAsync(int operations) => ReachAsync(() => _faults.Count, operations);

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

    /// <summary>However long it takes, as long as there is progress.</summary>
    private static async Task ReachAsync(Func<int> count, int until)
    {
        var (seen, since) = (count(), Stopwatch.GetTimestamp());
        while (count() is var now && now < until)
        {
            if (now != seen)
                (seen, since) = (now, Stopwatch.GetTimestamp());
            Assert.True(Stopwatch.GetElapsedTime(since) < Patience, $"Nothing happened for {Patience} after {now} operations; {until} were to be reached.");
            await Task.Delay(10);
        }
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
