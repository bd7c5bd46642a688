namespace HyperConn.Host.Demo;

/// <summary>A tenant made by <see cref="TenantProvisioner"/>.</summary>
internal sealed class ProvisionedTenant
{
    private readonly string _host;
    private readonly int _port;
    private volatile TenantLogin _login;

    internal ProvisionedTenant(TenantKey key, string host, int port, string database, string schema, TenantLogin login, bool ownDatabase)
    {
        (Key, Database, Schema, OwnDatabase) = (key, database, schema, ownDatabase);
        (_host, _port) = (host, port);
        (BaseUser, _login) = (login.User, login);
    }

    public TenantKey Key { get; }

    public string Database { get; }

    public string Schema { get; }

    /// <summary>Whether nobody else lives in the database.</summary>
    public bool OwnDatabase { get; }

    /// <summary>The user made first.</summary>
    public string BaseUser { get; }

    /// <summary>The second user, once alternated to; the same rights.</summary>
    public string CloneUser => BaseUser + "_clone";

    /// <summary>User and password in force; changed by rotations.</summary>
    public TenantLogin Login
    {
        get => _login;
        internal set => _login = value;
    }

    /// <summary>What belongs into the tenant's secret now. Holds the password: not for logs.</summary>
    public string ConnectionUri
    {
        get
        {
            var login = _login;
            var host = _host.Contains(':', StringComparison.Ordinal) ? $"[{_host}]" : _host;
            return $"postgresql://{Uri.EscapeDataString(login.User)}:{Uri.EscapeDataString(login.Password)}@{host}:{_port}/{Uri.EscapeDataString(Database)}";
        }
    }

    /// <summary>Whether a session that reports these belongs to this tenant.</summary>
    public bool Owns(string? user, string? database, string? schema) =>
        (user == BaseUser || user == CloneUser) && database == Database && schema == Schema;

    public override string ToString() => Key.ToString();
}

/// <summary>A PostgreSQL user and its password.</summary>
internal sealed record TenantLogin(string User, string Password)
{
    public override string ToString() => User;
}
