using System.Collections.Concurrent;
using HyperConn.Secrets;

namespace HyperConn.Tests.Secrets;

/// <summary>A file store on a folder of its own.</summary>
public abstract class FileStoreSpec : IDisposable
{
    private readonly List<FileSecretStore> _stores = [];

    protected string Folder { get; } = Directory.CreateTempSubdirectory("hyperconn-secrets-").FullName;

    protected string FilePath => Path.Combine(Folder, "secrets.json");

    private protected RecordingLogger Log { get; } = new();

    public void Dispose()
    {
        _stores.ForEach(store => store.Dispose());
        Directory.Delete(Folder, recursive: true);
    }

    private protected FileSecretStore Open(string path)
    {
        var store = new FileSecretStore(new FileSecretOptions { Path = path }, Log);
        _stores.Add(store);
        return store;
    }

    private protected static ConcurrentQueue<string?> Changes(FileSecretStore store)
    {
        var changed = new ConcurrentQueue<string?>();
        store.Changed += changed.Enqueue;
        return changed;
    }

    private protected static async Task<SecretResult.Found> Found(FileSecretStore store, string name) =>
        Assert.IsType<SecretResult.Found>(await store.GetAsync(name, default));

    private protected static async Task<SecretResult.Failed> Failed(FileSecretStore store, string name) =>
        Assert.IsType<SecretResult.Failed>(await store.GetAsync(name, default));

    private protected static async Task Eventually(Action check)
    {
        for (var tries = 0; ; tries++)
        {
            try
            {
                check();
                return;
            }
            catch (Xunit.Sdk.XunitException) when (tries < 200)
            {
                await Task.Delay(50);
            }
        }
    }
}
