using HyperConn.Chaos.World;

namespace HyperConn.Chaos.Faults;

/// <summary>The process allocates without end, and everything is collected again and again, with all threads halted. It costs time only.</summary>
internal sealed class MemoryPressed : IFault
{
    public string Name => "memory-pressure";

    public Part Part => Part.Process;

    public TimeSpan Aftermath => TimeSpan.Zero;

    public TimeSpan RecoveryBound => TimeSpan.FromSeconds(30);

    public Strike Plan(ChaosWorld world, Random random)
    {
        var (stop, pressing) = (new CancellationTokenSource(), Task.CompletedTask);
        return new Strike(
            "memory is allocated and collected all the time",
            [],
            () =>
            {
                pressing = Task.Factory.StartNew(() => Press(stop.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
                return Task.CompletedTask;
            },
            async () =>
            {
                await stop.CancelAsync();
                await pressing;
                stop.Dispose();
            });
    }

    private static void Press(CancellationToken stop)
    {
        var held = new byte[128][];
        for (var i = 0; !stop.WaitHandle.WaitOne(1); i++)
        {
            held[i % held.Length] = new byte[1 << 20];
            if (i % 32 == 0)
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        }
    }
}
