using System.Collections.Concurrent;
using HyperConn.Secrets;

namespace HyperConn.Tests.Secrets;

public sealed class FileSecretStoreSpecs : FileStoreSpec
{
    [Fact]
    public async Task One_file_holds_a_secret_for_each_name()
    {
        Write("""{"martech-org1": {"core-postgresql": "postgresql://a"}, "martech-org2": {"core-postgresql": "postgresql://b"}}""");
        var store = Open(FilePath);
        Assert.Equal("""{"core-postgresql":"postgresql://a"}""", (await Found(store, "martech-org1")).Text);
        var many = await store.GetManyAsync(["martech-org2", "martech-org3"], default);
        Assert.IsType<SecretResult.Found>(many["martech-org2"]);
        Assert.Equal(HyperConnErrorCode.SecretNotFound, Assert.IsType<SecretResult.Failed>(many["martech-org3"]).Code);
        Assert.Equal(["martech-org1", "martech-org2"], await Names(store, "martech-"));
        Assert.Empty(await Names(store, "Martech-"));
    }

    [Fact]
    public async Task The_version_is_of_the_content_and_not_of_its_layout()
    {
        Write("""{"n": {"core-postgresql": "postgresql://a&b+c"}}""");
        var store = Open(FilePath);
        var before = (await Found(store, "n")).VersionId;
        Write("{\"n\":\n{ \"core-postgresql\":   \"postgresql:\\/\\/a\\u0026b+c\"}, }");
        Assert.Equal(before, (await Found(store, "n")).VersionId);
        Write("""{"n": {"core-postgresql": "postgresql://other"}}""");
        Assert.NotEqual(before, (await Found(store, "n")).VersionId);
    }

    [Fact]
    public async Task A_change_is_read_at_once_and_announced()
    {
        Write("""{"a": {"x": "1"}, "b": {"x": "1"}}""");
        var store = Open(FilePath);
        var changed = DistinctChanges(store);
        Write("""{"a": {"x": "2"}, "b": {"x": "1"}}""");
        Assert.Equal("""{"x":"2"}""", (await Found(store, "a")).Text);
        await Eventually(() => Assert.Equal(["a"], changed));
    }

    [Fact]
    public async Task A_secret_that_is_no_unicode_takes_no_other_with_it_and_its_older_text_goes_on_serving()
    {
        Write("""{"a": {"x": "1"}, "b": {"x": "1"}}""");
        var store = Open(FilePath);
        Write("""{"a": {"x": "\ud800"}, "b": {"x": "2"}, "c": "\udfff", "d\ud800": "x"}""");

        Assert.Equal("""{"x":"2"}""", (await Found(store, "b")).Text);
        Assert.Equal("""{"x":"1"}""", (await Found(store, "a")).Text);
        Assert.Equal(HyperConnErrorCode.SecretMalformed, Assert.IsType<SecretResult.Failed>(await store.GetAsync("c", default)).Code);
        Assert.Equal(["a", "b", "c"], await Names(store, ""));
        Assert.Equal(3, Log.EventIds.Count(id => id == 2030));
    }

    [Fact]
    public async Task A_change_is_announced_without_anybody_reading()
    {
        Write("""{"a": {"x": "1"}, "gone": {"x": "1"}}""");
        var store = Open(FilePath);
        var changed = DistinctChanges(store);
        Write("""{"a": {"x": "2"}, "new": {"x": "1"}}""");
        await Eventually(() => Assert.Equal(["a", "gone", "new"], changed.Order()));
        Assert.Contains(2031, Log.EventIds);
    }

    [Theory]
    [InlineData("")]
    [InlineData("""{"a": {"x": "2"}, "b": {"x""")]
    [InlineData("[]")]
    [InlineData(null)]
    public async Task A_half_written_file_takes_nothing_away_and_is_reported(string? half)
    {
        Write("""{"a": {"x": "1"}}""");
        var store = Open(FilePath);
        if (half is null)
            File.Delete(FilePath);
        else
            Write(half);
        Assert.Equal("""{"x":"1"}""", (await Found(store, "a")).Text);
        Assert.Equal(HyperConnErrorCode.StoreUnavailable, (await Failed(store, "b")).Code);
        Assert.Contains(2030, Log.EventIds);
        Write("""{"a": {"x": "2"}, "b": {"x": "2"}}""");
        Assert.Equal("""{"x":"2"}""", (await Found(store, "a")).Text);
        Assert.Equal("""{"x":"2"}""", (await Found(store, "b")).Text);
    }

    [Fact]
    public async Task A_file_that_comes_later_is_read_when_it_is_there()
    {
        var store = Open(FilePath);
        Assert.Equal(HyperConnErrorCode.StoreUnavailable, (await Failed(store, "a")).Code);
        await Assert.ThrowsAsync<HyperConnException>(() => Names(store, ""));
        Write("""{"a": {"x": "1"}}""");
        Assert.Equal("""{"x":"1"}""", (await Found(store, "a")).Text);
    }

    [SkippableFact]
    public async Task A_link_that_is_swapped_is_noticed()
    {
        // As mounted secrets are replaced: the file is a link into a folder that is itself a link.
        Skip.If(OperatingSystem.IsWindows(), "Needs links and file modes of Unix.");
        Mount("one", """{"a": {"x": "1"}}""");
        Directory.CreateSymbolicLink(Path.Combine(Folder, "data"), Path.Combine(Folder, "one"));
        File.CreateSymbolicLink(FilePath, Path.Combine("data", "secrets.json"));
        var store = Open(FilePath);
        Assert.Equal("""{"x":"1"}""", (await Found(store, "a")).Text);
        Mount("two", """{"a": {"x": "2"}}""");
        Directory.CreateSymbolicLink(Path.Combine(Folder, "next"), Path.Combine(Folder, "two"));
        Directory.Delete(Path.Combine(Folder, "data"));
        Directory.Move(Path.Combine(Folder, "next"), Path.Combine(Folder, "data"));
        Assert.Equal("""{"x":"2"}""", (await Found(store, "a")).Text);

        void Mount(string name, string text)
        {
            Directory.CreateDirectory(Path.Combine(Folder, name));
            File.WriteAllText(Path.Combine(Folder, name, "secrets.json"), text);
        }
    }

    [Fact]
    public async Task Storing_leaves_the_others_as_they_are_and_no_half_file_behind()
    {
        Write("""{"a": {"x": "1"}, "text": "{\"core-postgresql\":\"u\"}"}""");
        var store = Open(FilePath);
        var other = (await Found(store, "a")).VersionId;
        var version = await store.StoreAsync("b", """{"core-postgresql":"postgresql://b"}""", default);
        Assert.Equal(version, (await Found(store, "b")).VersionId);
        Assert.Equal(other, (await Found(store, "a")).VersionId);
        Assert.Equal("""{"core-postgresql":"u"}""", (await Found(store, "text")).Text);
        Assert.NotEqual(version, await store.StoreAsync("b", """{"core-postgresql":"postgresql://c"}""", default));
        Assert.Equal([FilePath], Directory.GetFiles(Folder));
        var another = Open(FilePath);
        Assert.Equal("""{"core-postgresql":"postgresql://c"}""", (await Found(another, "b")).Text);
    }

    [SkippableFact]
    public async Task A_file_made_by_storing_is_the_owners_alone()
    {
        Skip.If(OperatingSystem.IsWindows(), "Needs links and file modes of Unix.");
        await Open(FilePath).StoreAsync("a", "{}", default);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(FilePath));
    }

    [Fact]
    public async Task Storing_into_a_broken_file_is_refused()
    {
        Write("""{"a": {"x": "1"}""");
        var refused = await Assert.ThrowsAsync<HyperConnException>(() => Open(FilePath).StoreAsync("b", "{}", default));
        Assert.Equal(HyperConnErrorCode.StoreUnavailable, refused.Code);
        Assert.Equal("""{"a": {"x": "1"}""", await File.ReadAllTextAsync(FilePath));
    }

    [Fact]
    public async Task Concurrent_readers_and_writers_never_see_less_than_a_whole_secret()
    {
        var store = Open(FilePath);
        await store.StoreAsync("shared", """{"x":"0"}""", default);
        var writers = Enumerable.Range(0, 8).Select(writer => Task.Run(async () =>
        {
            for (var i = 0; i < 10; i++)
                await store.StoreAsync("w" + writer, $$"""{"x":"{{i}}"}""", default);
        }));
        var reader = Task.Run(async () =>
        {
            for (var i = 0; i < 200; i++)
                Assert.Equal("""{"x":"0"}""", (await Found(store, "shared")).Text);
        });
        await Task.WhenAll([.. writers, reader]);
        for (var writer = 0; writer < 8; writer++)
            Assert.Equal("""{"x":"9"}""", (await Found(store, "w" + writer)).Text);
    }

    [Fact]
    public async Task AFolder_holds_a_file_for_each_name()
    {
        File.WriteAllText(Path.Combine(Folder, "martech-org1.json"), Simple("a"));
        File.WriteAllText(Path.Combine(Folder, "notes.txt"), "x");
        var store = Open(Folder);
        Assert.Equal(Simple("a"), (await Found(store, "martech-org1")).Text);
        Assert.Equal(HyperConnErrorCode.SecretNotFound, (await Failed(store, "martech-org2")).Code);
        Assert.Equal(["martech-org1"], await Names(store, "martech"));
    }

    [Fact]
    public async Task A_changed_file_of_aFolder_is_announced_and_a_deleted_one_is_gone()
    {
        var file = Path.Combine(Folder, "a.json");
        File.WriteAllText(file, Simple("1"));
        var store = Open(Folder);
        var changed = DistinctChanges(store);
        await Found(store, "a");
        File.WriteAllText(file, Simple("2"));
        await Eventually(() => Assert.Equal(["a"], changed));
        Assert.Equal(Simple("2"), (await Found(store, "a")).Text);
        File.Delete(file);
        Assert.Equal(HyperConnErrorCode.SecretNotFound, (await Failed(store, "a")).Code);
    }

    [Fact]
    public async Task A_half_written_file_of_aFolder_takes_nothing_away()
    {
        var file = Path.Combine(Folder, "a.json");
        File.WriteAllText(file, Simple("1"));
        var store = Open(Folder);
        await Found(store, "a");
        File.WriteAllText(file, "{\"x\":");
        Assert.Equal(Simple("1"), (await Found(store, "a")).Text);
        File.WriteAllText(Path.Combine(Folder, "b.json"), "{\"canary");
        var failed = await Failed(store, "b");
        Assert.Equal(HyperConnErrorCode.SecretMalformed, failed.Code);
        Assert.DoesNotContain("canary", failed.Message, StringComparison.Ordinal);
        Assert.Contains(2030, Log.EventIds);
    }

    [Theory]
    [InlineData("martech-a/b")]
    [InlineData("martech-..")]
    [InlineData("..")]
    [InlineData("../escaped")]
    [InlineData("../../etc/passwd")]
    [InlineData("/etc/passwd")]
    [InlineData(".hidden")]
    [InlineData("a@b.c+d=e_f-g")]
    public async Task Names_never_lead_out_of_theFolder(string name)
    {
        var inner = Directory.CreateDirectory(Path.Combine(Folder, "inner")).FullName;
        var store = Open(inner);
        await store.StoreAsync(name, Simple(name), default);
        Assert.Equal(Simple(name), (await Found(store, name)).Text);
        Assert.Equal([name], await Names(store, ""));
        Assert.Single(Directory.GetFiles(inner));
        Assert.Empty(Directory.GetFiles(Folder));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\0b")]
    [InlineData("a\\..\\b")]
    [InlineData("50%2F")]
    [InlineData("é")]
    public async Task Names_no_secret_can_have_are_refused(string name)
    {
        var store = Open(Folder);
        Assert.Equal(HyperConnErrorCode.SecretNotFound, (await Failed(store, name)).Code);
        Assert.Equal(
            HyperConnErrorCode.InvalidTenant,
            (await Assert.ThrowsAsync<HyperConnException>(() => store.StoreAsync(name, "{}", default))).Code);
    }

    [Fact]
    public async Task A_name_too_long_for_the_file_system_is_a_failure_and_no_exception()
    {
        Assert.IsType<SecretResult.Failed>(await Open(Folder).GetAsync(new string('x', 500), default));
        await Assert.ThrowsAsync<HyperConnException>(() => Open(Folder).StoreAsync(new string('x', 500), "{}", default));
    }

    [Fact]
    public async Task No_secret_shows_inLogs_or_failures()
    {
        Write("""{"a": {"x": "canary"}}""");
        var store = Open(FilePath);
        await Found(store, "a");
        Write("""{"a": {"x": "canary"}, "b": "canary""");
        var failed = await Failed(store, "b");
        Assert.DoesNotContain("canary", failed.ToString(), StringComparison.Ordinal);
        Assert.All(Log.Lines, line => Assert.DoesNotContain("canary", line.Text, StringComparison.Ordinal));
    }

    private static string Simple(string value) => $$"""{"x":"{{value}}"}""";

    private static ConcurrentQueue<string> DistinctChanges(FileSecretStore store)
    {
        var changed = new ConcurrentQueue<string>();
        store.Changed += name =>
        {
            if (!changed.Contains(name))
                changed.Enqueue(name!);
        };
        return changed;
    }

    private static async Task<List<string>> Names(FileSecretStore store, string prefix)
    {
        var names = new List<string>();
        await foreach (var name in store.ListNamesAsync(prefix, default))
            names.Add(name);
        return names;
    }

    private void Write(string text) => File.WriteAllText(FilePath, text);
}
