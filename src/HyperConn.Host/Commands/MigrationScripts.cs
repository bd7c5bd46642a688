using System.Text;
using HyperConn.Events;

namespace HyperConn.Host.Commands;

/// <summary>What a dry run would do, a script a tenant.</summary>
internal static class MigrationScripts
{
    /// <summary>Prints a tenant's script exactly as it would be run: it is SQL of the assembly's, not what a server says.</summary>
    public static void Print(TextWriter writer, MigrateResult result)
    {
        writer.WriteLine($"-- {result.Service}/{result.Org}");
        writer.WriteLine(result.Script);
    }

    /// <summary>Writes a tenant's script into a folder, as <c>service/org.sql</c>, over an earlier one.</summary>
    public static void Write(string folder, MigrateResult result)
    {
        var place = Directory.CreateDirectory(Path.Combine(folder, Escape(result.Service)));
        SafeFile.WriteWhole(Path.Combine(place.FullName, Escape(result.Org) + ".sql"), Encoding.UTF8.GetBytes(result.Script!));
    }

    // Names of tenants may have slashes, and may be "..".
    private static string Escape(string name) => Uri.EscapeDataString(name).Replace(".", "%2E", StringComparison.Ordinal);
}
