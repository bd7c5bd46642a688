using System.Diagnostics;
using HyperConn.Host.Commands;

namespace HyperConn.Host.Demo.Nodes;

/// <summary>A node of the demo, as its parent sees it.</summary>
internal sealed class NodeProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartPatience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Queue<string> _errors = new();
    private volatile NodeLine? _last;

    private NodeProcess(string settings, IEnumerable<string> join)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath!) != typeof(NodeProcess).Assembly.GetName().Name)
        {
            start.FileName = "dotnet";
            start.ArgumentList.Add(typeof(NodeProcess).Assembly.Location);
        }

        start.ArgumentList.Add(DemoNodeCommand.Name);
        start.ArgumentList.Add(settings);
        foreach (var node in join)
            start.ArgumentList.Add(node);
        _process = Process.Start(start) ?? throw new NodeFailedException("A node did not start.");
        _process.OutputDataReceived += (_, line) => OnLine(line.Data);
        _process.ErrorDataReceived += (_, line) => OnError(line.Data);
        _process.EnableRaisingEvents = true;
        _process.Exited += (_, _) => _ready.TrySetException(new NodeFailedException($"A node ended before it was a member: {Errors}"));
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>What it said last.</summary>
    public NodeLine Last => _last!;

    /// <summary>The last lines it wrote to standard error.</summary>
    public string Errors
    {
        get
        {
            lock (_errors)
                return string.Join(Environment.NewLine, _errors);
        }
    }

    /// <summary>Starts a node and waits until it is a member of the cluster.</summary>
    /// <param name="settings">File of its <see cref="NodeSettings"/>.</param>
    /// <param name="join">Addresses of nodes any of which to join; none: it is the first.</param>
    /// <param name="stop">Ends the wait.</param>
    public static async Task<NodeProcess> StartAsync(string settings, IEnumerable<string> join, CancellationToken stop)
    {
        var node = new NodeProcess(settings, join);
        try
        {
            await node._ready.Task.WaitAsync(StartPatience, stop);
            return node;
        }
        catch (TimeoutException)
        {
            await node.DisposeAsync();
            throw new NodeFailedException($"A node was no member within {StartPatience.TotalSeconds:0} s: {node.Errors}");
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }
    }

    /// <summary>Has it begin to work.</summary>
    public Task BeginAsync() => _process.StandardInput.WriteLineAsync(NodeOrders.Begin);

    /// <summary>Has it hear and say nothing any more to others; they need not be told.</summary>
    /// <param name="others">Their addresses.</param>
    public Task CutAsync(params IEnumerable<string> others) => _process.StandardInput.WriteLineAsync($"{NodeCuts.Cut} {string.Join(' ', others)}");

    /// <summary>Ends <see cref="CutAsync"/>.</summary>
    /// <param name="others">Their addresses.</param>
    public Task HealAsync(params IEnumerable<string> others) => _process.StandardInput.WriteLineAsync($"{NodeCuts.Heal} {string.Join(' ', others)}");

    /// <summary>Whether it has ended, by itself or not.</summary>
    public bool HasEnded => _process.HasExited;

    /// <summary>Ends it as <c>kill -9</c> does.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Sends it a signal, such as <c>STOP</c>.</summary>
    public async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", _process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }

    /// <summary>Has it drain and leave, and waits for that.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> StopAsync()
    {
        _process.StandardInput.Close();
        using var patience = new CancellationTokenSource(StopPatience);
        await _process.WaitForExitAsync(patience.Token);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            await KillAsync();
        _process.Dispose();
    }

    private void OnLine(string? text)
    {
        if (text is null || NodeLine.Read(text) is not { } line)
            return;
        _last = line;
        _ready.TrySetResult();
    }

    private void OnError(string? text)
    {
        if (text is null)
            return;
        lock (_errors)
        {
            _errors.Enqueue(text);
            while (_errors.Count > 20)
                _errors.Dequeue();
        }
    }
}
