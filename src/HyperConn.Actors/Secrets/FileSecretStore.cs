using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;

namespace HyperConn.Secrets;

/// <summary>Secrets in one JSON file, or in a folder with one file each; changes on disk are noticed.</summary>
/// <remarks>
/// A change is noticed by the operating system's events where they come, and at the latest when a secret is read. A file
/// that can't be read (half written, say) takes nothing away: what it held last goes on being answered.
/// </remarks>
internal sealed class FileSecretStore : ISecretStore, IDisposable
{
    /// <summary>How long events are gathered before the disk is looked at.</summary>
    public static readonly TimeSpan Debounce = TimeSpan.FromMilliseconds(100);

    private readonly SecretFiles _files;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly Lock _gate = new();
    private readonly Timer _timer;
    private FileSystemWatcher? _watcher;
    private bool _checkPending;
    private bool _disposed;

    public FileSecretStore(FileSecretOptions options, ILogger logger)
    {
        if (string.IsNullOrWhiteSpace(options.Path))
            throw new HyperConnException(new HyperConnFailure(HyperConnErrorCode.NotConfigured, "Secrets.File.Path is empty. Name a JSON file or a folder."));
        _logger = logger;
        var path = Path.GetFullPath(options.Path);
        _files = Directory.Exists(path) || Path.EndsInDirectorySeparator(options.Path) ? new SecretFolder(path, logger) : new SecretFile(path, logger);
        _timer = new Timer(_ => Check(), null, Timeout.Infinite, Timeout.Infinite);
        _files.Refresh();
        Watch();
    }

    public event Action<string?>? Changed;

    public int MaxBatchSize => 1000;

    public Task<SecretResult> GetAsync(string name, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(Read(name));
    }

    public Task<IReadOnlyDictionary<string, SecretResult>> GetManyAsync(IReadOnlyCollection<string> names, CancellationToken cancellationToken)
    {
        var results = new Dictionary<string, SecretResult>(names.Count, StringComparer.Ordinal);
        foreach (var name in names)
        {
            cancellationToken.ThrowIfCancellationRequested();
            results[name] = Read(name);
        }

        return Task.FromResult<IReadOnlyDictionary<string, SecretResult>>(results);
    }

    public async IAsyncEnumerable<string> ListNamesAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask.ConfigureAwait(false);
        foreach (var name in _files.List(prefix))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return name;
        }
    }

    public async Task<string> StoreAsync(string name, string value, CancellationToken cancellationToken)
    {
        if (!SecretFiles.IsName(name))
            throw new HyperConnException(new HyperConnFailure(
                HyperConnErrorCode.InvalidTenant, "A secret's name is 1 to 512 characters of A-Z a-z 0-9 / _ + = . @ -."));
        await _writing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var version = _files.Store(name, value, out var changed);
            Raise(changed.Contains(name) ? changed : [.. changed, name]);
            return version;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new HyperConnException(new HyperConnFailure(
                HyperConnErrorCode.StoreUnavailable, $"'{_files.Path}' can't be written ({fault.GetType().Name}). Check the path, its rights and the disk."));
        }
        finally
        {
            _writing.Release();
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed)
                return;
            _disposed = true;
        }

        _watcher?.Dispose();
        _timer.Dispose();
        _writing.Dispose();
    }

    private SecretResult Read(string name)
    {
        if (!SecretFiles.IsName(name))
            return new SecretResult.Failed(HyperConnErrorCode.SecretNotFound, "No secret can have such a name.");
        var result = _files.Get(name, out var changed);
        Raise(changed);
        return result;
    }

    private void Watch()
    {
        var folder = _files.WatchedFolder;
        try
        {
            // Every file, not only ours: a mounted secret changes by its folder's link being swapped.
            _watcher = new FileSystemWatcher(folder)
            {
                NotifyFilter = NotifyFilters.FileName | NotifyFilters.DirectoryName | NotifyFilters.LastWrite | NotifyFilters.Size,
            };
            _watcher.Changed += (_, _) => CheckSoon();
            _watcher.Created += (_, _) => CheckSoon();
            _watcher.Deleted += (_, _) => CheckSoon();
            _watcher.Renamed += (_, _) => CheckSoon();
            _watcher.Error += (_, _) => CheckSoon();
            _watcher.EnableRaisingEvents = true;
        }
        catch (Exception fault) when (fault is IOException or ArgumentException or UnauthorizedAccessException or PlatformNotSupportedException)
        {
            _watcher?.Dispose();
            _watcher = null;
            SecretLog.FileNotWatched(_logger, _files.Path, fault.GetType().Name);
        }
    }

    // Not put off again by further events: a folder that never rests is looked at all the same.
    private void CheckSoon()
    {
        lock (_gate)
        {
            if (_checkPending || _disposed)
                return;
            _checkPending = true;
            _timer.Change(Debounce, Timeout.InfiniteTimeSpan);
        }
    }

    private void Check()
    {
        lock (_gate)
        {
            _checkPending = false;
            if (_disposed)
                return;
        }

        Raise(_files.Refresh());
    }

    private void Raise(IReadOnlyCollection<string> names)
    {
        foreach (var name in names)
            Changed?.Invoke(name);
    }
}
