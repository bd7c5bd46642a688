using HyperConn.Pools;
using HyperConn.Secrets;
using Microsoft.Extensions.Logging.Abstractions;

namespace HyperConn.Tests;

/// <summary>The first secret of a file store that has nothing yet.</summary>
public sealed class FirstSecretSpecs : IDisposable
{
    private const string Uri = "postgresql://u:p@db1/core";

    private static readonly TenantKey Tenant = TenantKey.Create("core", "org1");

    private readonly string _folder = Directory.CreateTempSubdirectory("hyperconn").FullName;

    private string FilePath => Path.Combine(_folder, "secrets.json");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task It_makes_the_file_and_the_second_leaves_it_there()
    {
        using var store = await StoreInto(FilePath);
        await Pools(store).StoreSecretAsync(TenantKey.Create("core", "org2"), Uri);
        foreach (var org in new[] { "org1", "org2" })
            Assert.Equal($$"""{"core-postgresql":"{{Uri}}"}""", Assert.IsType<SecretResult.Found>(await store.GetAsync($"martech-{org}", default)).Text);
        Assert.Equal([FilePath], Directory.GetFiles(_folder));
        AssertOwnersAlone(FilePath);
    }

    [Fact]
    public async Task It_makes_its_file_in_a_folder()
    {
        using var store = await StoreInto(_folder);
        Assert.IsType<SecretResult.Found>(await store.GetAsync("martech-org1", default));
        AssertOwnersAlone(Path.Combine(_folder, "martech-org1.json"));
    }

    [Theory]
    [InlineData("secrets.json")]
    [InlineData("")]
    public async Task Where_the_folder_is_missing_the_failure_names_it_and_nothing_is_made(string file)
    {
        var missing = Path.Combine(_folder, "missing");
        var failure = await Assert.ThrowsAsync<HyperConnException>(() => StoreInto(Path.Combine(missing, file.Length > 0 ? file : "./")));
        Assert.Equal(HyperConnErrorCode.StoreUnavailable, failure.Code);
        Assert.Contains($"there is no folder '{missing}", failure.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(missing));
    }

    [Fact]
    public async Task A_file_that_is_there_and_can_not_be_read_is_not_overwritten()
    {
        await File.WriteAllTextAsync(FilePath, "{ half");
        await Assert.ThrowsAsync<HyperConnException>(() => StoreInto(FilePath));
        Assert.Equal("{ half", await File.ReadAllTextAsync(FilePath));
    }

    private static async Task<FileSecretStore> StoreInto(string path)
    {
        var store = new FileSecretStore(new FileSecretOptions { Path = path }, NullLogger.Instance);
        await Pools(store).StoreSecretAsync(Tenant, Uri);
        return store;
    }

    private static TenantPools Pools(FileSecretStore store) => new(new PoolRuntime(new HyperConnOptions { ProjectName = "martech" }), store);

    private static void AssertOwnersAlone(string file)
    {
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
    }
}
