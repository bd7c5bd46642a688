using System.Diagnostics;
using System.Globalization;

namespace HyperConn.Tests.Support;

/// <summary>The sample WebShop as a process, in the folder it was built to.</summary>
internal sealed class WebShopProcess : IAsyncDisposable
{
    private const string Listening = "Now listening on: ";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private readonly Process _process;

    private WebShopProcess(Process process, Uri address)
    {
        _process = process;
        Http = new HttpClient { BaseAddress = address, Timeout = Patience };
    }

    /// <summary>Its assembly, as <c>hyperconn migrate</c> is told it.</summary>
    public static string Assembly { get; } = Path.Combine(SampleFiles.BuiltTo("WebShop"), "WebShop.dll");

    public HttpClient Http { get; }

    public static async Task<WebShopProcess> StartAsync(string secrets)
    {
        var start = new ProcessStartInfo("dotnet", [Assembly, "--HyperConn:ProjectName=acme", $"--HyperConn:Secrets:File:Path={secrets}", "--HyperConn:Pools:AcquireTimeout=00:00:30"])
        {
            WorkingDirectory = SampleFiles.BuiltTo("WebShop"),
            RedirectStandardOutput = true,
        };
        start.Environment["ASPNETCORE_URLS"] = "http://127.0.0.1:0";
        start.Environment["Logging__LogLevel__Microsoft.Hosting.Lifetime"] = "Information";
        var process = Process.Start(start)!;
        using var patience = new CancellationTokenSource(Patience);
        while (await process.StandardOutput.ReadLineAsync(patience.Token) is { } line)
        {
            if (line.IndexOf(Listening, StringComparison.Ordinal) is not (>= 0 and var at))
                continue;

            // What it says from now on must not fill the pipe.
            _ = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
            return new WebShopProcess(process, new Uri(line[(at + Listening.Length)..]));
        }

        throw new InvalidOperationException("The web shop ended without listening.");
    }

    /// <summary>Sends it a request of an organisation's customer.</summary>
    public async Task<(int Status, string Body)> AskAsync(string org, string path, string? json = null)
    {
        using var request = new HttpRequestMessage(json is null ? HttpMethod.Get : HttpMethod.Post, path);
        request.Headers.Host = $"{org}.localhost";
        if (json is not null)
            request.Content = new StringContent(json, System.Text.Encoding.UTF8, "application/json");
        using var response = await Http.SendAsync(request);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <summary>Ends it as an orchestrator does.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> StopAsync()
    {
        using var kill = Process.Start("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        using var patience = new CancellationTokenSource(Patience);
        await _process.WaitForExitAsync(patience.Token);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }
}
