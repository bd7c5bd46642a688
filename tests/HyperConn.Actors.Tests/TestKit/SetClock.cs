using Microsoft.Extensions.Time.Testing;

namespace HyperConn.Tests;

/// <summary>Virtual time whose clock on the wall somebody sets: time itself goes on as before.</summary>
internal sealed class SetClock : FakeTimeProvider
{
    /// <summary>How far the clock on the wall is off.</summary>
    public TimeSpan Step { get; set; }

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Step;

    public override long GetTimestamp() => base.GetUtcNow().Ticks;
}
