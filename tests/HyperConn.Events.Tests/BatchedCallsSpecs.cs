using HyperConn.Events.Sources;

namespace HyperConn.Events.Tests;

/// <summary>What is sent in batches is sent, however often it takes.</summary>
public sealed class BatchedCallsSpecs
{
    private static readonly BatchedCallOptions Options = new(Size: 10, Linger: TimeSpan.FromMilliseconds(1), Workers: 2)
    {
        FirstPause = TimeSpan.FromMilliseconds(1),
        LongestPause = TimeSpan.FromMilliseconds(5),
    };

    [Fact]
    public async Task Every_item_is_settled_once_though_most_batches_fail_in_whole_or_in_part()
    {
        var random = new Random(7);
        var sent = new List<int>();
        var sizes = new List<int>();
        await using var calls = new BatchedCalls<int>(SendAsync, Options, TimeProvider.System);
        Parallel.For(0, 1_000, calls.Add);

        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await calls.FlushAsync(patience.Token);

        Assert.Equal(Enumerable.Range(0, 1_000), sent.Order());
        Assert.Equal(0, calls.Pending);
        Assert.All(sizes, size => Assert.InRange(size, 1, 10));

        Task<IReadOnlyList<int>> SendAsync(IReadOnlyList<int> batch, CancellationToken ct)
        {
            lock (sent)
            {
                sizes.Add(batch.Count);
                var again = batch.Where(_ => random.Next(2) == 0).ToList();
                sent.AddRange(batch.Except(again));
                return Task.FromResult<IReadOnlyList<int>>(again);
            }
        }
    }

    [Fact]
    public async Task A_flush_waits_for_what_fails_and_can_be_cancelled()
    {
        await using var calls = new BatchedCalls<int>((batch, _) => Task.FromResult(batch), Options, TimeProvider.System);
        calls.Add(1);

        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => calls.FlushAsync(patience.Token));
        Assert.Equal(1, calls.Pending);
    }

    [Fact]
    public async Task Nothing_to_send_is_flushed_at_once()
    {
        await using var calls = new BatchedCalls<int>((_, _) => throw new InvalidOperationException(), Options, TimeProvider.System);
        await calls.FlushAsync(CancellationToken.None);
    }
}
