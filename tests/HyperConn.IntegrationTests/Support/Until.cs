using System.Diagnostics;

namespace HyperConn.Tests.Support;

/// <summary>Waits for what must come to be, however slow the machine is.</summary>
internal static class Until
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Waits until a condition holds; fails when it does not.</summary>
    public static Task TrueAsync(Func<bool> condition, Func<string>? describe = null) => TrueAsync(() => Task.FromResult(condition()), describe);

    /// <inheritdoc cref="TrueAsync(Func{bool}, Func{string})"/>
    public static async Task TrueAsync(Func<Task<bool>> condition, Func<string>? describe = null)
    {
        var since = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(since) > Patience)
                Assert.Fail($"It did not happen within {Patience.TotalSeconds:0} s. {describe?.Invoke()}");
            await Task.Delay(20);
        }
    }
}
