using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace HyperConn.Testing;

/// <summary>A <c>moto_server</c> process on a free port of the loopback interface.</summary>
public sealed class MotoServer : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    private readonly Process _process;

    private MotoServer(Process process, string url)
    {
        _process = process;
        Url = url;
    }

    /// <summary>Endpoint of every AWS service it knows.</summary>
    public string Url { get; }

    /// <summary>Starts one.</summary>
    /// <returns>The server, or null and why there is none.</returns>
    public static async Task<(MotoServer? Server, string Reason)> TryStartAsync()
    {
        if (Find("moto_server") is not { } program)
            return (null, "moto_server is not installed (pip install 'moto[server]').");
        // Somebody else may take the free port in between.
        for (var tries = 0; tries < 3; tries++)
            if (await StartAsync(program, FreePort()).ConfigureAwait(false) is { } server)
                return (server, "");
        return (null, "moto_server is installed but does not start.");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync().ConfigureAwait(false);
        }

        _process.Dispose();
    }

    private static async Task<MotoServer?> StartAsync(string program, int port)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in new[] { "-H", "127.0.0.1", "-p", $"{port}" })
            start.ArgumentList.Add(argument);
        var server = new MotoServer(Process.Start(start)!, $"http://127.0.0.1:{port}");
        // Read and thrown away: a full pipe would stop it.
        server._process.BeginOutputReadLine();
        server._process.BeginErrorReadLine();

        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        var waited = Stopwatch.StartNew();
        while (!server._process.HasExited && waited.Elapsed < StartLimit)
        {
            try
            {
                using var answer = await client.GetAsync(new Uri(server.Url + "/moto-api/data.json")).ConfigureAwait(false);
                if (answer.IsSuccessStatusCode && !server._process.HasExited)
                    return server;
            }
            catch (Exception notYet) when (notYet is HttpRequestException or TaskCanceledException)
            {
                // Not up yet.
            }

            await Task.Delay(100).ConfigureAwait(false);
        }

        await server.DisposeAsync().ConfigureAwait(false);
        return null;
    }

    private static string? Find(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Select(folder => Path.Combine(folder, OperatingSystem.IsWindows() ? program + ".exe" : program))
        .FirstOrDefault(File.Exists);

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
