namespace HyperConn.Benchmarks.Running;

/// <summary>Memory that is in use.</summary>
internal static class ManagedMemory
{
    // Less than this in half a second is no longer a fall.
    private const long Still = 100_000;

    /// <summary>Bytes that are left after everything that can be freed is.</summary>
    public static long Live()
    {
        for (var i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        return GC.GetTotalMemory(forceFullCollection: true);
    }

    /// <summary>The same, once what was let go of before is gone: sockets and timers hold it for a while.</summary>
    public static async Task<long> SettledAsync()
    {
        var before = Live();
        for (var i = 0; i < 40; i++)
        {
            await Task.Delay(500);
            var now = Live();
            if (before - now < Still && i >= 4)
                return now;
            before = now;
        }

        return before;
    }
}
