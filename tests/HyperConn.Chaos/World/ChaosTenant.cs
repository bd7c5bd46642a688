using HyperConn.Chaos.Observations;
using HyperConn.Host.Demo;

namespace HyperConn.Chaos.World;

/// <summary>A tenant, where it is, and who its sessions may be.</summary>
internal sealed class ChaosTenant(ProvisionedTenant provisioned, Site site, string hosts, string parameters)
{
    private volatile string[] _users = [provisioned.Login.User];

    public ProvisionedTenant Provisioned { get; } = provisioned;

    public Site Site { get; } = site;

    /// <summary>Whether it was not there from the beginning, and will go.</summary>
    public bool IsPassing { get; init; }

    public TenantKey Key => Provisioned.Key;

    public string Name => Key.ToString();

    /// <summary>Users that stand or stood in its secret.</summary>
    public IReadOnlyCollection<string> Users => _users;

    /// <summary>Host and port, or several.</summary>
    public string Hosts { get; } = hosts;

    /// <summary>What belongs into its secret. Holds the password: not for logs.</summary>
    public string Uri
    {
        get
        {
            var login = Provisioned.Login;
            return $"postgresql://{System.Uri.EscapeDataString(login.User)}:{System.Uri.EscapeDataString(login.Password)}@{Hosts}/{Provisioned.Database}?sslmode=disable{parameters}";
        }
    }

    /// <summary>What a session must be now.</summary>
    public SessionIdentity Identity => new(Provisioned.Login.User, Provisioned.Database, Provisioned.Schema);

    /// <summary>Its login has changed: sessions of either user are its own, until those of the old one are gone.</summary>
    public void LoginChanged()
    {
        if (!_users.Contains(Provisioned.Login.User))
            _users = [.. _users, Provisioned.Login.User];
    }
}
