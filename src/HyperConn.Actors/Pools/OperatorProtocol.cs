namespace HyperConn;

/// <summary>What an operator's command is about: one tenant, one server, or everything. The same for messages, HTTP and the page.</summary>
/// <remarks>Closed: the nested types are all there are, so that a switch over them is complete.</remarks>
public abstract record OperatorTarget
{
    private OperatorTarget()
    {
    }

    // What keeps others from deriving: a record's copy constructor can't be private.
    internal abstract string Text { get; }

    /// <summary>Every tenant of this process, those that come later included.</summary>
    public static OperatorTarget Everything { get; } = new All();

    /// <summary>One tenant, with or without a live pool.</summary>
    /// <param name="Key">The tenant.</param>
    public sealed record Tenant(TenantKey Key) : OperatorTarget
    {
        internal override string Text => $"tenant {Key}";

        /// <summary>Shows the target to people.</summary>
        /// <returns><c>tenant service/org</c>.</returns>
        public override string ToString() => Text;
    }

    /// <summary>Every tenant whose credentials name this server.</summary>
    /// <param name="Endpoint">The server.</param>
    public sealed record Server(ServerEndpoint Endpoint) : OperatorTarget
    {
        internal override string Text => $"server {Endpoint}";

        /// <summary>Shows the target to people.</summary>
        /// <returns><c>server host:port</c>.</returns>
        public override string ToString() => Text;
    }

    /// <summary>Every tenant.</summary>
    public sealed record All : OperatorTarget
    {
        internal override string Text => "all tenants";

        /// <summary>Shows the target to people.</summary>
        /// <returns><c>all tenants</c>.</returns>
        public override string ToString() => Text;
    }
}

/// <summary>
/// What operators may ask of the <see cref="PoolSupervisor"/>. Each command is answered with an <see cref="OperatorReply"/>, logged with who
/// asked and why (the log feeds <c>OperatorEvents</c>). Repeating a command changes nothing and is accepted again.
/// </summary>
/// <remarks>Closed: <see cref="PauseTenants"/>, <see cref="ResumeTenants"/>, <see cref="DrainTenants"/>, <see cref="RefreshTenants"/> and
/// <see cref="BanTenants"/> are all there are, so that a switch over them is complete.</remarks>
public abstract record OperatorCommand
{
    /// <summary>Longest <see cref="By"/>, in characters.</summary>
    public const int MaxByLength = 200;

    /// <summary>Longest <see cref="Reason"/>, in characters.</summary>
    public const int MaxReasonLength = 500;

    /// <summary>Longest ban: 30 days.</summary>
    public static readonly TimeSpan MaxBan = TimeSpan.FromDays(30);

    private protected OperatorCommand(OperatorTarget target, string by, string reason) => (Target, By, Reason) = (target, by, reason);

    /// <summary>What it is about.</summary>
    public OperatorTarget Target { get; init; }

    /// <summary>Who asks: 1–200 characters, not blank.</summary>
    public string By { get; init; }

    /// <summary>Why: 1–500 characters, not blank.</summary>
    public string Reason { get; init; }

    /// <summary>What the log calls it.</summary>
    // Internal and abstract, which keeps others from deriving: a record's copy constructor can't be private.
    internal abstract string Verb { get; }

    /// <summary>Says what is wrong with the command, or null when nothing is. The supervisor refuses what has a fault.</summary>
    /// <returns>The fault, or null.</returns>
    public string? Fault() => this switch
    {
        { Target: null } => "The command names no target.",
        { Target: OperatorTarget.Tenant { Key: var key } } when key == default => "The command names no tenant.",
        { Target: OperatorTarget.Server { Endpoint: var endpoint } } when endpoint == default => "The command names no server.",
        _ when string.IsNullOrWhiteSpace(By) => "Say who asks.",
        _ when string.IsNullOrWhiteSpace(Reason) => "Say why: the reason is logged.",
        _ when By.Length > MaxByLength || By.Any(char.IsControl) => $"The name of who asks must be at most {MaxByLength} characters and have no control characters.",
        _ when Reason.Length > MaxReasonLength || Reason.Any(char.IsControl) => $"The reason must be at most {MaxReasonLength} characters and have no control characters.",
        BanTenants ban when ban.For <= TimeSpan.Zero || ban.For > MaxBan => "A ban lasts more than zero and at most 30 days.",
        _ => null,
    };
}

/// <summary>
/// New leases wait for <see cref="ResumeTenants"/> up to their own deadline and then fail with <see cref="HyperConnErrorCode.Paused"/>;
/// open leases go on; idle connections are closed. Meant for short works on a database, as PgBouncer's <c>PAUSE</c>.
/// </summary>
/// <param name="Target">What it is about.</param>
/// <param name="By">Who asks: 1–200 characters, not blank.</param>
/// <param name="Reason">Why: 1–500 characters, not blank.</param>
public sealed record PauseTenants(OperatorTarget Target, string By, string Reason) : OperatorCommand(Target, By, Reason)
{
    internal override string Verb => "Pause";
}

/// <summary>Ends what <see cref="PauseTenants"/> or <see cref="BanTenants"/> began on exactly this target.</summary>
/// <param name="Target">What it is about.</param>
/// <param name="By">Who asks: 1–200 characters, not blank.</param>
/// <param name="Reason">Why: 1–500 characters, not blank.</param>
public sealed record ResumeTenants(OperatorTarget Target, string By, string Reason) : OperatorCommand(Target, By, Reason)
{
    internal override string Verb => "Resume";
}

/// <summary>
/// Evicts the pools: idle ones at once, busy ones when their last lease ends; they take no new leases meanwhile. The next request
/// makes a new pool.
/// </summary>
/// <param name="Target">What it is about.</param>
/// <param name="By">Who asks: 1–200 characters, not blank.</param>
/// <param name="Reason">Why: 1–500 characters, not blank.</param>
public sealed record DrainTenants(OperatorTarget Target, string By, string Reason) : OperatorCommand(Target, By, Reason)
{
    internal override string Verb => "Drain";
}

/// <summary>Fetches the secrets again, forgets remembered failures and gives live pools the new credentials.</summary>
/// <param name="Target">What it is about.</param>
/// <param name="By">Who asks: 1–200 characters, not blank.</param>
/// <param name="Reason">Why: 1–500 characters, not blank.</param>
public sealed record RefreshTenants(OperatorTarget Target, string By, string Reason) : OperatorCommand(Target, By, Reason)
{
    internal override string Verb => "Refresh";
}

/// <summary>
/// New leases fail at once with <see cref="HyperConnErrorCode.Banned"/> and the time the ban ends; the pools are drained.
/// </summary>
/// <param name="Target">What it is about.</param>
/// <param name="By">Who asks: 1–200 characters, not blank.</param>
/// <param name="Reason">Why: 1–500 characters, not blank.</param>
/// <param name="For">How long; more than zero, at most <see cref="OperatorCommand.MaxBan"/>.</param>
public sealed record BanTenants(OperatorTarget Target, string By, string Reason, TimeSpan For) : OperatorCommand(Target, By, Reason)
{
    internal override string Verb => "Ban";
}

/// <summary>Answer to an <see cref="OperatorCommand"/>.</summary>
/// <param name="Accepted">Whether it was done or begun.</param>
/// <param name="Message">What happened, or why not.</param>
/// <param name="Affected">Live pools it concerns now; for a refresh, secrets.</param>
public sealed record OperatorReply(bool Accepted, string Message, int Affected);

/// <summary>Kind of an <see cref="OperatorRestriction"/>.</summary>
public enum RestrictionKind
{
    /// <summary>New leases wait.</summary>
    Paused,

    /// <summary>New leases are refused.</summary>
    Banned,
}

/// <summary>A pause or ban in force.</summary>
/// <param name="Target">What it is about.</param>
/// <param name="Kind">Pause or ban.</param>
/// <param name="By">Who asked for it.</param>
/// <param name="Reason">Why.</param>
/// <param name="Since">Since when.</param>
/// <param name="Until">When a ban ends by itself; null for a pause.</param>
public sealed record OperatorRestriction(
    OperatorTarget Target,
    RestrictionKind Kind,
    string By,
    string Reason,
    DateTimeOffset Since,
    DateTimeOffset? Until);
