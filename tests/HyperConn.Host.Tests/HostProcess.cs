using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace HyperConn.Tests;

/// <summary>
/// The executable, started as a user would, with a temporary folder of its own, so that whatever it leaves behind is seen.
/// </summary>
internal sealed class HostProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _errors = new();

    private HostProcess(string folder, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?>? environment, string? redirections)
    {
        Folder = folder;
        IEnumerable<string> all = [Path.Combine(AppContext.BaseDirectory, "hyperconn.dll"), .. arguments];
        var start = (redirections is null
            ? new ProcessStartInfo("dotnet", all)
            : new ProcessStartInfo("/bin/sh", ["-c", $"exec \"$@\" {redirections}", "sh", "dotnet", .. all]));
        (start.RedirectStandardInput, start.RedirectStandardOutput, start.RedirectStandardError) = (true, true, true);
        start.Environment["TMPDIR"] = folder;
        foreach (var (name, value) in environment ?? new Dictionary<string, string?>())
            start.Environment[name] = value;
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Append(_output, line.Data);
        _process.ErrorDataReceived += (_, line) => Append(_errors, line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Its temporary folder.</summary>
    public string Folder { get; }

    public bool HasExited => _process.HasExited;

    public TextWriter Input => _process.StandardInput;

    public string Output => Read(_output);

    public string Errors => Read(_errors);

    public static HostProcess Start(params string[] arguments) => Start(null, arguments);

    /// <summary>Starts it by a shell with redirections of its streams, such as <c>2>/dev/full</c>.</summary>
    public static HostProcess StartRedirected(string redirections, params string[] arguments) => Start(null, redirections, arguments);

    public static HostProcess Start(IReadOnlyDictionary<string, string?>? environment, params string[] arguments) => Start(environment, null, arguments);

    private static HostProcess Start(IReadOnlyDictionary<string, string?>? environment, string? redirections, string[] arguments)
    {
        var folder = Directory.CreateTempSubdirectory("hyperconn-host-test-").FullName;
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(folder, (UnixFileMode)0b111_111_111);
        return new HostProcess(folder, arguments, environment, redirections);
    }

    /// <summary>Waits for the end.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> WaitAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        await _process.WaitForExitAsync(patience.Token);
        return _process.ExitCode;
    }

    /// <summary>Waits for a text in what it writes to standard error.</summary>
    public async Task WaitForErrorsAsync(string text)
    {
        var watch = Stopwatch.StartNew();
        while (!Errors.Contains(text, StringComparison.Ordinal))
        {
            Assert.False(_process.HasExited, $"It ended early: {Errors}");
            Assert.True(watch.Elapsed < Patience, $"It didn't say '{text}': {Errors}");
            await Task.Delay(20);
        }
    }

    /// <summary>Sends a signal, such as <c>INT</c>.</summary>
    public async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", ["-" + signal, _process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }

    /// <summary>Skips the test when the host found no PostgreSQL server to work with.</summary>
    public void SkipWithoutPostgres()
    {
        var errors = Errors;
        MachinePart.Postgres.Need(!errors.Contains("No PostgreSQL server to work with", StringComparison.Ordinal), errors);
    }

    /// <summary>What is left of it: files in its temporary folder, processes that were started with it.</summary>
    public IReadOnlyList<string> FindLeftovers() =>
        [.. Directory.EnumerateFileSystemEntries(Folder).Where(IsOurs), .. Leftovers.ProcessesWith(Folder)];

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
        for (var attempt = 0; FindLeftovers().Count > 0 && attempt < 200; attempt++)
            await Task.Delay(50);
        Directory.Delete(Folder, recursive: true);
    }

    // The runtime's own diagnostic sockets come and go in the temporary folder.
    private static bool IsOurs(string path) =>
        !Path.GetFileName(path).StartsWith("dotnet-diagnostic-", StringComparison.Ordinal)
        && !Path.GetFileName(path).StartsWith("clr-debug-pipe-", StringComparison.Ordinal);

    private static void Append(StringBuilder text, string? line)
    {
        if (line is null)
            return;
        lock (text)
            text.AppendLine(line);
    }

    private static string Read(StringBuilder text)
    {
        lock (text)
            return text.ToString();
    }
}
