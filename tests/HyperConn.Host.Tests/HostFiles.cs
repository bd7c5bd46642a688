using HyperConn.Host.Demo;

namespace HyperConn.Tests;

/// <summary>Files for processes of the host.</summary>
internal static class HostFiles
{
    /// <summary>Writes the tenants' secrets and a configuration that reads them.</summary>
    /// <param name="folder">Where to.</param>
    /// <param name="provisioner">The tenants.</param>
    /// <param name="more">The rest of the configuration: the host's part.</param>
    /// <returns>The configuration's path.</returns>
    public static async Task<string> WriteAsync(string folder, TenantProvisioner provisioner, string more)
    {
        using var secrets = new SecretsFile(Path.Combine(folder, "secrets.json"), "acme", provisioner.Tenants);
        await secrets.WriteAsync();
        var path = Path.Combine(folder, "hyperconn.conf");
        await File.WriteAllTextAsync(
            path,
            $$"""
            hyperconn {
              project-name = "acme"
              secrets { store = "file", file { path = "{{secrets.Path}}" } }
            }
            {{more}}
            """);
        return path;
    }
}
