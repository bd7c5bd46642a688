namespace HyperConn.Primitives;

/// <summary>Failures that several rooms answer with, each with what to check.</summary>
internal static class CommonFailures
{
    public static HyperConnFailure ShuttingDown(TenantKey? tenant = null) => new(
        HyperConnErrorCode.ShuttingDown, "HyperConn is shutting down; no new connection is handed out.", tenant);

    public static HyperConnFailure NotStarted(TenantKey? tenant = null) => new(
        HyperConnErrorCode.NotConfigured,
        "HyperConn has not started. Call WithHyperConn() on the Akka builder, start the host, and only then ask for pools.",
        tenant);

    public static HyperConnFailure Internal(TenantKey tenant, string what) => new(
        HyperConnErrorCode.Internal, $"{what} Ask again; if it stays, the log has the cause.", tenant);

    public static HyperConnFailure NoTenant() => new(HyperConnErrorCode.InvalidTenant, "The tenant is empty. Make it with TenantKey.Create.");
}
