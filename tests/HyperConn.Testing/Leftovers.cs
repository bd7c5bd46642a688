using System.Diagnostics;

namespace HyperConn.Tests;

/// <summary>Finds what a test may have left behind.</summary>
internal static class Leftovers
{
    /// <summary>Command lines of running processes that contain a text.</summary>
    public static IReadOnlyList<string> ProcessesWith(string text) =>
        [.. CommandLines().Where(line => line.Contains(text, StringComparison.Ordinal))];

    private static IEnumerable<string> CommandLines()
    {
        if (!OperatingSystem.IsLinux())
        {
            using var ps = Process.Start(new ProcessStartInfo("ps", "-axo command") { RedirectStandardOutput = true })!;
            return ps.StandardOutput.ReadToEnd().Split('\n');
        }

        // A process that has ended but isn't buried yet has an empty command line.
        return Directory.EnumerateDirectories("/proc").Where(folder => char.IsAsciiDigit(Path.GetFileName(folder)[0])).Select(ReadCommandLine);
    }

    private static string ReadCommandLine(string folder)
    {
        try
        {
            return File.ReadAllText(Path.Combine(folder, "cmdline")).Replace('\0', ' ');
        }
        catch (IOException)
        {
            return "";
        }
    }
}
