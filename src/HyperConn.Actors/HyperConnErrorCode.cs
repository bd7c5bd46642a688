namespace HyperConn;

/// <summary>Stable codes of everything that can go wrong on the way to a tenant's connection.</summary>
/// <remarks>Names and numbers are part of the contract: alerts and dashboards may be keyed by them.</remarks>
public enum HyperConnErrorCode
{
    /// <summary>A fault inside the library; the message and the log say more.</summary>
    Internal = 0,

    /// <summary>Required settings are missing or contradict each other.</summary>
    NotConfigured = 1,

    /// <summary>A service or organisation is empty, too long, or has characters a secret's name can't have.</summary>
    InvalidTenant = 2,

    /// <summary>The service is not in the configured list.</summary>
    ServiceNotAllowed = 3,

    /// <summary>No secret of that name exists (or it is scheduled for deletion).</summary>
    SecretNotFound = 10,

    /// <summary>The secret exists but has no entry for the service.</summary>
    KeyNotFound = 11,

    /// <summary>The secret, or the service's entry in it, can't be understood.</summary>
    SecretMalformed = 12,

    /// <summary>The secret store refused access or could not decrypt.</summary>
    AccessDenied = 13,

    /// <summary>The secret store could not be reached or answered with a fault of its own.</summary>
    StoreUnavailable = 14,

    /// <summary>The secret store asks for fewer calls.</summary>
    StoreThrottled = 15,

    /// <summary>The deadline passed before a pool or a connection was ready.</summary>
    TimedOut = 20,

    /// <summary>The manager is shutting down or has shut down.</summary>
    ShuttingDown = 21,

    /// <summary>Every pool is busy, the cap is reached, and <c>on-capacity</c> is <c>reject</c>.</summary>
    CapacityReached = 22,

    /// <summary>The deadline passed while waiting for a connection permit of the server.</summary>
    BudgetTimedOut = 23,

    /// <summary>Too many callers wait for the server or the tenant already.</summary>
    WaitersFull = 24,

    /// <summary>PostgreSQL refused the user name or password (28P01, 28000).</summary>
    LoginRefused = 30,

    /// <summary>The tenant's database does not exist or does not allow connections (3D000, 55000, 42501).</summary>
    DatabaseUnavailable = 31,

    /// <summary>The server can't be reached, or is starting up or shutting down (57P03).</summary>
    ServerUnreachable = 32,

    /// <summary>PostgreSQL did not accept the connection for another reason, which the message names.</summary>
    ConnectionFailed = 33,

    /// <summary>An operator paused the tenant or its server.</summary>
    Paused = 40,

    /// <summary>An operator banned the tenant for a time.</summary>
    Banned = 41,
}
