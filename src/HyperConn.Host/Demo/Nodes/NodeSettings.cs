using System.Text.Json;

namespace HyperConn.Host.Demo.Nodes;

/// <summary>What a node of the demo is told, in a file that only its owner can read.</summary>
internal sealed record NodeSettings
{
    public required string Project { get; init; }

    public required IReadOnlyList<string> Services { get; init; }

    /// <summary>The file store's file.</summary>
    public required string Secrets { get; init; }

    public required IReadOnlyList<NodeTenant> Tenants { get; init; }

    public required int Workers { get; init; }

    /// <summary>How long each event keeps its connection.</summary>
    public required TimeSpan WorkTime { get; init; }

    public required int MaxPools { get; init; }

    public required TimeSpan IdleTimeToLive { get; init; }

    /// <summary>Whether the node can be cut off from others (<see cref="NodeCuts"/>).</summary>
    public bool CanBeCut { get; init; }

    public static NodeSettings Read(string path) =>
        JsonSerializer.Deserialize<NodeSettings>(File.ReadAllBytes(path)) ?? throw new InvalidDataException($"{path} is empty.");

    public void Write(string path) => Events.SafeFile.WriteWhole(path, JsonSerializer.SerializeToUtf8Bytes(this));
}

/// <summary>A tenant, and what its sessions must say of themselves. Without its password, which is in the secret.</summary>
internal sealed record NodeTenant(string Service, string Org, string Database, string Schema, string User)
{
    public static NodeTenant Of(ProvisionedTenant tenant) =>
        new(tenant.Key.Service, tenant.Key.Org, tenant.Database, tenant.Schema, tenant.BaseUser);

    public ProvisionedTenant ToTenant() => new(TenantKey.Create(Service, Org), "", 0, Database, Schema, new TenantLogin(User, ""), ownDatabase: false);
}
