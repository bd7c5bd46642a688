namespace HyperConn.Servers;

/// <summary>What the budget's machinery waits for and how far it looks: numbers nobody should have to set.</summary>
internal sealed record BudgetTuning
{
    public static readonly BudgetTuning Default = new();

    /// <summary>No pauses: for tests that check one rule at a time.</summary>
    public static readonly BudgetTuning Immediate = new() { ReturnCooldown = TimeSpan.Zero, RescanInterval = TimeSpan.Zero };

    /// <summary>
    /// How long a returned permit rests before it is granted again. Closing a connection is a message and a closed socket; the server's
    /// process behind it goes a little later. A permit granted in between would for that time make one session too many, which
    /// a server at its limit answers with 53300. A budget with other free permits grants those meanwhile, so only a full one waits.
    /// </summary>
    /// <remarks>Measured on two cores, PostgreSQL 15, from close to gone from pg_stat_activity: half within 0.4 ms and 99 of 100 within
    /// 9 ms at rest. With all cores busy this is too short for 7 of 10, so it grows with <see cref="CooldownDelays"/>.</remarks>
    public TimeSpan ReturnCooldown { get; init; } = TimeSpan.FromMilliseconds(10);

    /// <summary>
    /// How many times as long as opens lately take more than at rest (<see cref="OpenPace.Delay"/>) a returned permit rests in addition. A
    /// starved server ends processes as slowly as it begins them.
    /// </summary>
    /// <remarks>Measured as above, in permits granted too soon per thousand, 10 ms alone against 10 ms and twice the delay: 280 and 5 beside
    /// two busy loops with 8 callers, 696 and 3 with 24 callers, whose opens take 7 times as long as at rest.</remarks>
    public int CooldownDelays { get; init; } = 2;

    /// <summary>Longest time for a returned permit to rest, however slow the server is.</summary>
    public TimeSpan MaxReturnCooldown { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How long a holder may take to answer <see cref="IPermitHolder.Reclaim"/> before others are asked in its place.</summary>
    public TimeSpan ReclaimTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Pause after a look at the holders that did not find all that was needed.</summary>
    public TimeSpan RescanInterval { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>A learned ceiling rises once in this time, or up to half as long again, so that processes don't rise together.</summary>
    public TimeSpan RecoveryInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Pause before a permit is offered again to holders for whom it was of no use (<see cref="PermitOffer.NotNow"/>).</summary>
    public TimeSpan NotNowInterval { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>How old <see cref="ServerState.Top"/> may become while callers wait.</summary>
    public TimeSpan TopInterval { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Most holders looked at for idle permits in one go; the next go continues where this one stopped.</summary>
    public int ScanLength { get; init; } = 256;

    /// <summary>
    /// A tenant's opens in flight don't exceed the connections it has already (but one): 1, 1, 2, 4 … Its waiting callers are often served
    /// by the first connection before a second would be up, so ten callers of a cold tenant rarely cost ten connections.
    /// </summary>
    public bool SlowStart { get; init; } = true;

    /// <summary>How long a permit rests that comes back now: <see cref="ReturnCooldown"/>, and longer where the server is slow.</summary>
    /// <param name="pace">How slow it is.</param>
    public TimeSpan Cooldown(OpenPace pace)
    {
        if (ReturnCooldown <= TimeSpan.Zero)
            return TimeSpan.Zero;
        var cooldown = ReturnCooldown + (CooldownDelays * pace.Delay);
        return cooldown < MaxReturnCooldown ? cooldown : MaxReturnCooldown;
    }
}
