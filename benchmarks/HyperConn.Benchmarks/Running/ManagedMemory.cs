namespace HyperConn.Benchmarks.Running;

/// <summary>Memory that is in use.</summary>
internal static class ManagedMemory
{
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
}
