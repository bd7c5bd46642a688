using HyperConn.Primitives;

namespace HyperConn.Leases;

/// <summary>The credentials that new physical connections of a generation use.</summary>
/// <param name="tenant">The tenant.</param>
/// <param name="credentials">The first ones.</param>
/// <param name="clock">The clock.</param>
/// <param name="hardLimit">Age past which they serve no more.</param>
/// <param name="isOver">Whether the manager has shut down, and this generation with it.</param>
/// <param name="isStale">Told when credentials past their time-to-live are used.</param>
internal sealed class CredentialsInUse(
    TenantKey tenant, GenerationCredentials credentials, MonotonicClock clock, TimeSpan hardLimit, Func<bool> isOver, Action isStale)
{
    private GenerationCredentials _credentials = credentials;

    public GenerationCredentials Credentials
    {
        get => Volatile.Read(ref _credentials);
        set => Volatile.Write(ref _credentials, value);
    }

    /// <summary>The password for a physical connection being opened. Credentials past their time-to-live still serve, but ask for a refresh.</summary>
    /// <exception cref="HyperConnException">They are past their hard limit, or the manager has shut down.</exception>
    public string CurrentPassword()
    {
        // A connection object can be older than the shutdown and be opened after it.
        if (isOver())
            throw new HyperConnException(CommonFailures.ShuttingDown(tenant));
        var now = clock.Now;
        var current = Credentials;
        if (now >= current.StaleAt.At)
            isStale();
        return now - current.FetchedAt.At < hardLimit
            ? current.Postgres.Password
            : throw new HyperConnException(new HyperConnFailure(
                HyperConnErrorCode.StoreUnavailable, "The credentials are past their hard limit.", tenant));
    }
}
