namespace HyperConn.Host.Commands;

/// <summary>How to mend what <c>check</c> finds.</summary>
internal static class Advice
{
    public static string For(HyperConnErrorCode code) => code switch
    {
        HyperConnErrorCode.NotConfigured => "Complete the configuration file.",
        HyperConnErrorCode.InvalidTenant => "Rename the organisation or service to what a secret's name may have.",
        HyperConnErrorCode.ServiceNotAllowed => "Add the service to hyperconn.services.",
        HyperConnErrorCode.SecretNotFound => "Create the secret <project>-<org>.",
        HyperConnErrorCode.KeyNotFound => "Add the entry <service>-postgresql to the organisation's secret.",
        HyperConnErrorCode.SecretMalformed => "Store a connection string, libpq keywords or an RDS object; percent-encode the password in a URI.",
        HyperConnErrorCode.AccessDenied => "Grant secretsmanager:GetSecretValue and kms:Decrypt on the secret.",
        HyperConnErrorCode.StoreUnavailable => "Check region, endpoint and network of the secret store.",
        HyperConnErrorCode.StoreThrottled => "Lower --parallelism, or ask AWS for a higher rate.",
        HyperConnErrorCode.LoginRefused => "Bring secret and role together: alter role … password, or rotate the secret; check pg_hba.conf.",
        HyperConnErrorCode.DatabaseUnavailable => "Create the database, allow connections to it, grant CONNECT on it.",
        HyperConnErrorCode.ServerUnreachable => "Check host, port, network and that the server runs.",
        HyperConnErrorCode.BudgetTimedOut => "Lower --parallelism or raise hyperconn.servers.max-connections.",
        HyperConnErrorCode.Paused or HyperConnErrorCode.Banned => "Resume the tenant.",
        _ => "See the message.",
    };
}
