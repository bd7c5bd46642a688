using System.Runtime.CompilerServices;

namespace HyperConn.Tests;

/// <summary>A store in memory that answers as told and remembers what it was asked.</summary>
internal sealed class ScriptedSecretStore : ISecretStore
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, SecretResult> _secrets = new(StringComparer.Ordinal);
    private readonly List<string[]> _calls = [];
    private TaskCompletionSource? _held;
    private Func<string, SecretResult>? _always;

    public event Action<string?>? Changed;

    public int MaxBatchSize { get; set; } = 20;

    /// <summary>Thrown by every call, where set.</summary>
    public Exception? Throws { get; set; }

    /// <summary>Calls that saw their token cancelled.</summary>
    public int Cancelled { get; private set; }

    /// <summary>Most calls open at once so far.</summary>
    public int MostOpen { get; private set; }

    private int Open { get; set; }

    /// <summary>Names asked for, call by call.</summary>
    public IReadOnlyList<string[]> Calls
    {
        get
        {
            lock (_gate)
                return [.. _calls];
        }
    }

    public void Put(string name, string text, string version = "v1") => Set(name, new SecretResult.Found(text, version));

    public void Fail(string name, HyperConnErrorCode code) => Set(name, new SecretResult.Failed(code, $"scripted {code}"));

    /// <summary>From now on every name gets this failure; null: each its own answer again.</summary>
    public void FailAll(HyperConnErrorCode? code)
    {
        lock (_gate)
            _always = code is { } failure ? _ => new SecretResult.Failed(failure, $"scripted {failure}") : null;
    }

    /// <summary>Calls wait from now on, until <see cref="Release"/>.</summary>
    public void Hold()
    {
        lock (_gate)
            _held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    public void Release()
    {
        TaskCompletionSource? held;
        lock (_gate)
            (held, _held) = (_held, null);
        held?.SetResult();
    }

    public void RaiseChanged(string? name) => Changed?.Invoke(name);

    public bool IsWatched => Changed is not null;

    public async Task<SecretResult> GetAsync(string name, CancellationToken cancellationToken) =>
        (await AnswerAsync([name], cancellationToken).ConfigureAwait(false))[name];

    public async Task<IReadOnlyDictionary<string, SecretResult>> GetManyAsync(IReadOnlyCollection<string> names, CancellationToken cancellationToken)
    {
        Assert.InRange(names.Count, 2, MaxBatchSize);
        return await AnswerAsync([.. names], cancellationToken).ConfigureAwait(false);
    }

    public async IAsyncEnumerable<string> ListNamesAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask.ConfigureAwait(false);
        yield break;
    }

    public Task<string> StoreAsync(string name, string value, CancellationToken cancellationToken) => throw new NotSupportedException();

    private void Set(string name, SecretResult result)
    {
        lock (_gate)
            _secrets[name] = result;
    }

    private async Task<Dictionary<string, SecretResult>> AnswerAsync(string[] names, CancellationToken cancellationToken)
    {
        Task held;
        Dictionary<string, SecretResult> results;
        lock (_gate)
        {
            _calls.Add(names);
            MostOpen = Math.Max(MostOpen, ++Open);
            held = _held?.Task ?? Task.CompletedTask;
            // What was current when the call arrived, however long the answer takes.
            results = names.ToDictionary(name => name, ResultOf, StringComparer.Ordinal);
        }

        try
        {
            await held.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            lock (_gate)
                Cancelled++;
            throw;
        }
        finally
        {
            lock (_gate)
                Open--;
        }

        return Throws is null ? results : throw Throws;
    }

    private SecretResult ResultOf(string name) =>
        _always?.Invoke(name)
        ?? (_secrets.TryGetValue(name, out var result) ? result : new SecretResult.Failed(HyperConnErrorCode.SecretNotFound, $"scripted: no {name}"));
}
