using System.Globalization;
using System.Runtime.InteropServices;

namespace HyperConn.Chaos.World;

/// <summary>Processes by their parents, as Linux tells them, and signals that .NET has no name for.</summary>
internal static class ProcessTree
{
    private const int Stop = 19;
    private const int Continue = 18;
    private const int KillNow = 9;

    /// <summary>Halts a process and all it has started, as SIGSTOP does.</summary>
    /// <returns>The processes halted, for <see cref="Thaw"/>.</returns>
    public static IReadOnlyList<int> Freeze(int root)
    {
        // The parent first: it starts nothing more then.
        _ = Kill(root, Stop);
        List<int> frozen = [root, .. Descendants(root)];
        foreach (var process in frozen.Skip(1))
            _ = Kill(process, Stop);
        return frozen;
    }

    public static void Thaw(IEnumerable<int> frozen)
    {
        foreach (var process in frozen.Reverse())
            _ = Kill(process, Continue);
    }

    public static void End(int process) => _ = Kill(process, KillNow);

    public static int? ParentOf(int process) => Read(process)?.Parent;

    /// <summary>Processes of a name that descend from this one.</summary>
    public static IReadOnlyList<int> OwnNamed(string name) =>
        [.. Descendants(Environment.ProcessId).Where(process => Read(process)?.Name == name)];

    private static IEnumerable<int> Descendants(int root)
    {
        var parents = new Dictionary<int, int>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var process) && Read(process) is { } read)
                parents[process] = read.Parent;
        }

        return parents.Keys.Where(process => IsBelow(process));

        bool IsBelow(int process)
        {
            for (var parent = parents.GetValueOrDefault(process); parent != 0; parent = parents.GetValueOrDefault(parent))
            {
                if (parent == root)
                    return true;
            }

            return false;
        }
    }

    private static (string Name, int Parent)? Read(int process)
    {
        try
        {
            // pid (name) state parent …; the name may have blanks and parentheses in it.
            var text = File.ReadAllText($"/proc/{process}/stat");
            var (open, close) = (text.IndexOf('('), text.LastIndexOf(')'));
            return (text[(open + 1)..close], int.Parse(text[(close + 4)..].Split(' ')[0], CultureInfo.InvariantCulture));
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int process, int signal);
}
