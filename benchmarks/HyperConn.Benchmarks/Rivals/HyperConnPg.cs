using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;
using HyperConn.Benchmarks.Running;

namespace HyperConn.Benchmarks.Rivals;

/// <summary>hyperconn-pg under Node, in a process of its own. Needs <c>node</c>, and <c>npm ci</c> in benchmarks/hyperconn-pg.</summary>
internal static class HyperConnPg
{
    /// <param name="Milliseconds">From the first caller to the last one's end, inside Node.</param>
    /// <param name="Failed">Callers that failed.</param>
    /// <param name="Errors">How many by SQLSTATE or message.</param>
    /// <param name="Pools">Pools made.</param>
    /// <param name="SecretCalls">Calls to the stand-in for AWS.</param>
    internal sealed record Outcome(
        [property: JsonPropertyName("milliseconds")] double Milliseconds,
        [property: JsonPropertyName("failed")] int Failed,
        [property: JsonPropertyName("errors")] Dictionary<string, int> Errors,
        [property: JsonPropertyName("pools")] int Pools,
        [property: JsonPropertyName("secretCalls")] int SecretCalls);

    /// <summary>The outcome, or null where Node or the package is missing.</summary>
    public static Task<Outcome?> RunAsync(Tenants tenants, int callers, int maxPools) => RunAsync<Outcome>("storm.mjs", new
    {
        secrets = tenants.Secrets(),
        orgs = tenants.Keys.Select(key => key.Org),
        callers,
        maxPools,
    });

    /// <summary>Runs a script of benchmarks/hyperconn-pg: JSON in, JSON out.</summary>
    /// <returns>What it answers, or null where Node or the package is missing.</returns>
    public static async Task<T?> RunAsync<T>(string script, object input)
        where T : class
    {
        if (Folder() is not { } folder)
            return null;
        var start = new ProcessStartInfo("node", ["--expose-gc", script])
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        using var node = Process.Start(start) ?? throw new InvalidOperationException("node did not start.");
        await JsonSerializer.SerializeAsync(node.StandardInput.BaseStream, input);
        node.StandardInput.Close();
        var line = await node.StandardOutput.ReadToEndAsync();
        await node.WaitForExitAsync();
        return JsonSerializer.Deserialize<T>(line) ?? throw new InvalidOperationException("node said nothing.");
    }

    private static string? Folder()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var candidate = Path.Combine(folder.FullName, "hyperconn-pg");
            if (!Directory.Exists(Path.Combine(candidate, "node_modules", "hyperconn-pg")))
                continue;
            var paths = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
            return paths.Any(path => File.Exists(Path.Combine(path, OperatingSystem.IsWindows() ? "node.exe" : "node"))) ? candidate : null;
        }

        return null;
    }
}
