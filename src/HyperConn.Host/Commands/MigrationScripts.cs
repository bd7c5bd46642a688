using HyperConn.Events;

namespace HyperConn.Host.Commands;

/// <summary>A folder with a script a tenant, <c>service/org.sql</c>.</summary>
internal static class MigrationScripts
{
    /// <summary>Writes a tenant's script, over an earlier one.</summary>
    public static void Write(string folder, MigrateResult result)
    {
        var place = Directory.CreateDirectory(Path.Combine(folder, Escape(result.Service)));
        SafeFile.WriteWhole(Path.Combine(place.FullName, Escape(result.Org) + ".sql"), System.Text.Encoding.UTF8.GetBytes(result.Script!));
    }

    // Names of tenants may have slashes, and may be "..".
    private static string Escape(string name) => Uri.EscapeDataString(name).Replace(".", "%2E", StringComparison.Ordinal);
}
