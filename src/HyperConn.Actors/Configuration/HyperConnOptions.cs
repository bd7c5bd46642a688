using System.ComponentModel.DataAnnotations;
using System.Globalization;

namespace HyperConn;

/// <summary>All settings of HyperConn. Sources, strongest first: code, <c>IConfiguration</c> section <c>HyperConn</c>, HOCON <c>hyperconn</c>.</summary>
/// <remarks>Checked as a whole at start; every fault is listed at once.</remarks>
public sealed class HyperConnOptions
{
    /// <summary>First part of every secret's name, <c>&lt;ProjectName&gt;-&lt;org&gt;</c>. Required.</summary>
    public string ProjectName { get; set; } = "";

    /// <summary>Services that may be asked for; empty (default): any. Compared in lower case.</summary>
    public IList<string> Services { get; set; } = [];

    /// <summary>Where secrets are kept and how long they are trusted.</summary>
    public SecretOptions Secrets { get; set; } = new();

    /// <summary>How many pools live at once, and for how long.</summary>
    public PoolOptions Pools { get; set; } = new();

    /// <summary>The connections of each tenant's pool.</summary>
    public ConnectionOptions Connections { get; set; } = new();

    /// <summary>The budget of connections of each PostgreSQL server, over all tenants.</summary>
    public ServerOptions Servers { get; set; } = new();

    /// <summary>Schema of each tenant, where tenants share a database.</summary>
    public SchemaOptions Schemas { get; set; } = new();

    /// <summary>What is measured and reported.</summary>
    public DiagnosticsOptions Diagnostics { get; set; } = new();

    /// <summary>What every session has in its <c>application_name</c>, so that others can count this process's; null: nothing.</summary>
    internal string? SessionTag { get; set; }
}

/// <summary>Settings of the secret store and its cache.</summary>
public sealed class SecretOptions
{
    /// <summary><c>aws</c> (Secrets Manager) or <c>file</c> (default).</summary>
    public string Store { get; set; } = "file";

    /// <summary>Settings of the AWS store.</summary>
    public AwsSecretOptions Aws { get; set; } = new();

    /// <summary>Settings of the file store.</summary>
    public FileSecretOptions File { get; set; } = new();

    /// <summary>Age past which a secret is refreshed in the background while the old value serves. Each secret draws its own age
    /// from [half of it, all of it]. Default 1 hour.</summary>
    public TimeSpan TimeToLive { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Age past which an old value no longer serves. Default 24 hours; at least <see cref="TimeToLive"/>.</summary>
    public TimeSpan HardLimit { get; set; } = TimeSpan.FromHours(24);

    /// <summary>How long a failure is remembered and answered at once. Default 5 seconds.</summary>
    public TimeSpan FailureTimeToLive { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a look-up waits for others to share its batch. Default 5 milliseconds; zero: no batches.</summary>
    public TimeSpan BatchWindow { get; set; } = TimeSpan.FromMilliseconds(5);

    /// <summary>
    /// How many times in a minute one secret is fetched again, without a newer version to show for it, because PostgreSQL refused its
    /// credentials. 1 to 60; default 3.
    /// </summary>
    [Range(1, 60)]
    public int MaxRefetchesPerMinute { get; set; } = 3;
}

/// <summary>Settings of AWS Secrets Manager.</summary>
public sealed class AwsSecretOptions
{
    /// <summary>Region, such as <c>eu-west-1</c>. Required for the AWS store, unless <c>AWS_REGION</c> or <c>AWS_DEFAULT_REGION</c> is set.</summary>
    public string? Region { get; set; }

    /// <summary>Endpoint to use instead of the region's own: an emulator or a VPC endpoint.</summary>
    public string? ServiceUrl { get; set; }

    /// <summary>Access key id; null (default): the SDK's credential chain.</summary>
    public string? AccessKeyId { get; set; }

    /// <summary>Secret access key; given with <see cref="AccessKeyId"/> or not at all.</summary>
    public string? SecretAccessKey { get; set; }

    /// <summary>Session token of temporary keys.</summary>
    public string? SessionToken { get; set; }

    /// <summary>Time-out of one call, retries excluded. Default 5 seconds (the SDK's own is 100).</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Retries after the first attempt of a call. Default 2.</summary>
    [Range(0, 10)]
    public int MaxRetries { get; set; } = 2;
}

/// <summary>Settings of the file store.</summary>
public sealed class FileSecretOptions
{
    /// <summary>A JSON file <c>{"&lt;project&gt;-&lt;org&gt;": {"&lt;service&gt;-postgresql": "postgresql://…"}}</c>, or a folder with one
    /// <c>&lt;project&gt;-&lt;org&gt;.json</c> per secret. Default <c>secrets.json</c>.</summary>
    public string Path { get; set; } = "secrets.json";
}

/// <summary>What happens when a new pool is asked for while the cap is reached and every pool is busy.</summary>
public enum CapacityPolicy
{
    /// <summary>Make it all the same; surplus pools are evicted as soon as they go idle. As hyperconn-pg does.</summary>
    Overflow,

    /// <summary>Wait for a pool to go idle, up to <see cref="PoolOptions.AcquireTimeout"/>.</summary>
    Wait,

    /// <summary>Answer at once with <see cref="HyperConnErrorCode.CapacityReached"/>.</summary>
    Reject,
}

/// <summary>Settings of the set of pools.</summary>
public sealed class PoolOptions
{
    /// <summary>Longest <see cref="DrainTimeout"/>, and longest time <see cref="ITenantPools.DrainAllAsync"/> takes: 1 day.</summary>
    public static readonly TimeSpan MaxDrainTimeout = TimeSpan.Parse(LongestDrain, CultureInfo.InvariantCulture);

    private const string LongestDrain = "1.00:00:00";

    /// <summary>Most pools alive at once, those being made included. Default 50.</summary>
    [Range(1, 1_000_000)]
    public int MaxPools { get; set; } = 50;

    /// <summary>Idle pools older than this are evicted when a new pool is asked for. Default 5 minutes.</summary>
    public TimeSpan IdleTimeToLive { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>What to do when all pools are busy at the cap. Default <see cref="CapacityPolicy.Overflow"/>.</summary>
    public CapacityPolicy OnCapacity { get; set; } = CapacityPolicy.Overflow;

    /// <summary>How often idle pools are evicted without a new one being asked for; zero (default): never.</summary>
    public TimeSpan SweepInterval { get; set; } = TimeSpan.Zero;

    /// <summary>Longest time one <c>GetDataSource</c> or <c>OpenConnection</c> takes, everything included. Default 15 seconds.</summary>
    public TimeSpan AcquireTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long shutdown waits for workers to stop and leases to end before it ends their sessions. Zero to 1 day, default 20 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00", LongestDrain, ParseLimitsInInvariantCulture = true)]
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(20);
}

/// <summary>Settings of each tenant's connections.</summary>
public sealed class ConnectionOptions
{
    /// <summary>Most connections of one tenant. 1 to 1,000, default 10 (<c>max</c> of hyperconn-pg's pgOptions).</summary>
    [Range(1, 1_000)]
    public int MaxPerTenant { get; set; } = 10;

    /// <summary>Idle connections are closed after this time. 1 second to 1 day, default 30 seconds (<c>idleTimeoutMillis</c>).</summary>
    public TimeSpan IdleLifetime { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest time one attempt to connect takes. Default 5 seconds (<c>connectionTimeoutMillis</c>); never longer than
    /// <see cref="PoolOptions.AcquireTimeout"/>, whatever the tenant's connection string says.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>A connection that was idle for longer is asked (<c>select 1</c>) before it is handed out, and all idle connections to a server are
    /// in doubt when nothing on it has answered for a second. Zero: always ask; null (<c>off</c> in configuration files): ask only after a
    /// connection to the server broke. Default 30 seconds.</summary>
    public TimeSpan? ValidateAfter { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest time one command runs, unless the tenant's connection string says otherwise. Default 30 seconds; zero: no limit.</summary>
    public TimeSpan CommandTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Skips loading the server's type catalogue at the first connection of a pool: less memory and time for pools that use
    /// built-in types only. Default false.</summary>
    public bool NoTypeLoading { get; set; }

    /// <summary>Pools share what they know of a database's types, after asking the server at their first open what types it has: a cold open
    /// then takes two thirds of its time, and an open pool half its memory. It relies on parts of Npgsql that are not public, and turns itself off
    /// where they are missing. False: each pool loads its own, as Npgsql does. Default true.</summary>
    public bool ShareTypes { get; set; } = true;

    /// <summary>Called for each data source before it is built, to add type mappings, tracing and the like. Must not change
    /// host, user, password or pool size.</summary>
    public Action<TenantKey, Npgsql.NpgsqlDataSourceBuilder>? ConfigureDataSource { get; set; }
}

/// <summary>Settings of the connection budget of each PostgreSQL server.</summary>
public sealed class ServerOptions
{
    /// <summary>Value of <see cref="MaxConnections"/> that switches the limit off; <c>unlimited</c> in configuration files.</summary>
    public const int Unlimited = int.MaxValue;

    /// <summary>Most connections to one server (host and port), over all tenants of this process. Null (default; <c>auto</c> in
    /// configuration files): what the server says, less <see cref="Headroom"/>. Behind a pooler such as PgBouncer the server's
    /// number means nothing: declare one.</summary>
    [Range(1, int.MaxValue)]
    public int? MaxConnections { get; set; }

    /// <summary>Share of the server's slots left to others in <c>auto</c>. 0 to 0.95, default 0.2.</summary>
    [Range(0.0, 0.95)]
    public double Headroom { get; set; } = 0.2;

    /// <summary>Connections each tenant in use may always have, whatever others do; 0 (default): none.</summary>
    [Range(0, 10_000)]
    public int FloorPerTenant { get; set; }

    /// <summary>Connections of each server kept free for tenants below their floor; 0 (default): none.</summary>
    [Range(0, 100_000)]
    public int Reserve { get; set; }

    /// <summary>Most physical connections being opened at once to one server, for leases. Default 8.</summary>
    [Range(1, 10_000)]
    public int MaxConcurrentOpens { get; set; } = 8;

    /// <summary>Most callers that wait for one server. Default 10,000.</summary>
    [Range(1, 10_000_000)]
    public int MaxWaitersPerServer { get; set; } = 10_000;

    /// <summary>Most callers that wait for one tenant. Default 1,000.</summary>
    [Range(1, 10_000_000)]
    public int MaxWaitersPerTenant { get; set; } = 1_000;

    /// <summary>Leases a tenant serves on one permit before the permit moves on to another waiting tenant. Default 16.</summary>
    [Range(1, 100_000)]
    public int Quantum { get; set; } = 16;

    /// <summary>Connections an idle pool keeps past <see cref="ConnectionOptions.IdleLifetime"/>; at most, as many as it had. Npgsql closes
    /// all idle ones together, so they are opened anew, in the background. Default 0.</summary>
    [Range(0, 10_000)]
    public int KeepIdlePerTenant { get; set; }
}

/// <summary>Settings of schemas.</summary>
public sealed class SchemaOptions
{
    /// <summary>Schema set as <c>search_path</c> for each tenant; <c>{org}</c> and <c>{service}</c> are replaced. Null (default): the
    /// server's own choice.</summary>
    public string? Template { get; set; }

    /// <summary>Schemas of single organisations, by organisation id; they beat <see cref="Template"/>.</summary>
    public IDictionary<string, string> ByOrg { get; set; } = new Dictionary<string, string>(StringComparer.Ordinal);
}

/// <summary>Settings of what is measured and reported.</summary>
public sealed class DiagnosticsOptions
{
    /// <summary>Adds the tenant to metrics and spans, for at most <see cref="MaxTenantLabels"/> tenants. Default false.</summary>
    public bool TenantLabels { get; set; }

    /// <summary>Most tenants that get their own label; further ones share <c>other</c>. Default 1,000.</summary>
    [Range(1, 100_000)]
    public int MaxTenantLabels { get; set; } = 1_000;

    /// <summary>A lease held longer than this is reported once; zero: never. Default 5 minutes.</summary>
    public TimeSpan LeakThreshold { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Records the stack that took each lease, for leak reports. Slow: for development. Default false.</summary>
    public bool CaptureLeaseStacks { get; set; }
}
