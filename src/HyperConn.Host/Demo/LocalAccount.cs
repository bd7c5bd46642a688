using System.Diagnostics;

namespace HyperConn.Host.Demo;

/// <summary>
/// Runs PostgreSQL's programs: as ourselves, or, because PostgreSQL refuses to run as root, as another account when we are root.
/// </summary>
internal sealed class LocalAccount
{
    private readonly string? _name;
    private readonly string _owner = "";
    private readonly string[] _prefix = [];

    private LocalAccount()
    {
    }

    private LocalAccount(string name, string owner, string[] prefix) => (_name, _owner, _prefix) = (name, owner, prefix);

    /// <summary>Finds the account to use.</summary>
    /// <exception cref="PostgresUnavailableException">We are root and can't become anybody else.</exception>
    public static async Task<LocalAccount> FindAsync(CancellationToken cancellationToken)
    {
        if (OperatingSystem.IsWindows() || !Environment.IsPrivilegedProcess)
            return new LocalAccount();
        foreach (var name in new[] { "postgres", "nobody" })
        {
            var user = await TryReadIdAsync("-u", name, cancellationToken);
            var group = await TryReadIdAsync("-g", name, cancellationToken);
            if (user is null or "0" || group is null)
                continue;
            string[][] ways =
            [
                ["setpriv", $"--reuid={user}", $"--regid={group}", "--clear-groups", "--"],
                ["su", "-s", "/bin/sh", name, "-c", "exec \"$0\" \"$@\"", "--"],
                ["su", "-s", "/bin/sh", name, "-c", "exec \"$0\" \"$@\""],
            ];
            foreach (var way in ways)
            {
                var account = new LocalAccount(name, $"{user}:{group}", way);
                if (await account.TryRunAsync("/", "id", ["-u"], cancellationToken) is { ExitCode: 0 } answer && answer.Output.Trim() == user)
                    return account;
            }
        }

        throw new PostgresUnavailableException(
            "PostgreSQL refuses to run as root, and neither 'postgres' nor 'nobody' can be used here (setpriv, su). Run as another user.");
    }

    /// <summary>Makes a temporary folder that only the account (and root) can read.</summary>
    public async Task<string> CreateFolderAsync(string prefix, CancellationToken cancellationToken)
    {
        if (_name is null || OperatingSystem.IsWindows())
            return Directory.CreateTempSubdirectory(prefix).FullName;
        // Root's own temporary folder may be closed to others.
        foreach (var root in new[] { Path.GetTempPath(), "/tmp", "/var/tmp" })
        {
            if (await TryRunAsync("/", "test", ["-w", root], cancellationToken) is not { ExitCode: 0 })
                continue;
            var folder = Path.Combine(root, prefix + Path.GetRandomFileName().Replace(".", "", StringComparison.Ordinal));
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            await GiveAsync(folder, cancellationToken);
            return folder;
        }

        throw new PostgresUnavailableException($"the account '{_name}' can write to no temporary folder.");
    }

    /// <summary>Makes the account the owner of a file or folder we made.</summary>
    public async Task GiveAsync(string path, CancellationToken cancellationToken)
    {
        if (_name is null)
            return;
        using var chown = Process.Start(new ProcessStartInfo("chown", ["-R", _owner, path]))!;
        await chown.WaitForExitAsync(cancellationToken);
        if (chown.ExitCode != 0)
            throw new PostgresUnavailableException($"chown of {path} to '{_name}' failed.");
    }

    /// <summary>Runs a program to its end. Null: there is no such program.</summary>
    public async Task<(int ExitCode, string Output)?> TryRunAsync(
        string folder, string program, IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        Process process;
        try
        {
            process = Start(folder, program, arguments);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }

        using (process)
        {
            process.StandardInput.Close();
            var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
            var errors = process.StandardError.ReadToEndAsync(cancellationToken);
            try
            {
                await process.WaitForExitAsync(cancellationToken);
                return (process.ExitCode, await output + await errors);
            }
            finally
            {
                if (!process.HasExited)
                    process.Kill(entireProcessTree: true);
            }
        }
    }

    /// <summary>Starts a program with its three streams redirected to us.</summary>
    public Process Start(string folder, string program, IEnumerable<string> arguments)
    {
        string[] line = [.. _prefix, program, .. arguments];
        var start = new ProcessStartInfo(line[0], line[1..])
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // Somebody's PGPORT or PGOPTIONS is meant for another server.
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("PG", StringComparison.Ordinal)).ToList())
            start.Environment.Remove(name);
        start.Environment["LC_ALL"] = "C";
        return Process.Start(start)!;
    }

    private static async Task<string?> TryReadIdAsync(string option, string name, CancellationToken cancellationToken) =>
        await new LocalAccount().TryRunAsync("/", "id", [option, name], cancellationToken) is { ExitCode: 0 } answer ? answer.Output.Trim() : null;
}
