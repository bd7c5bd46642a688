namespace HyperConn.Tests.Secrets;

/// <summary>Files that are missing, held or broken for a while, and stores that end.</summary>
public sealed class FileStoreReadingSpecs : FileStoreSpec
{
    private const string Text = """{"x":"1"}""";

    private string SecretPath => Path.Combine(Folder, "a.json");

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData(null)]
    public void A_store_of_files_needs_a_path(string? path)
    {
        var refused = Assert.Throws<HyperConnException>(() => Open(path!));
        Assert.Equal(HyperConnErrorCode.NotConfigured, refused.Code);
    }

    [Fact]
    public void A_store_whose_folder_is_not_there_says_so_and_ends_like_any_other()
    {
        var store = Open(Path.Combine(Folder, "missing", "secrets.json"));
        Assert.Contains(2032, Log.EventIds);
        store.Dispose();
        store.Dispose();
    }

    [Fact]
    public async Task A_file_of_a_folder_that_another_program_holds_is_unavailable_until_it_is_let_go()
    {
        await File.WriteAllTextAsync(SecretPath, Text);
        var store = Open(Folder);
        using (new FileStream(SecretPath, FileMode.Open, FileAccess.ReadWrite, FileShare.None))
        {
            Assert.Equal(HyperConnErrorCode.StoreUnavailable, (await Failed(store, "a")).Code);
            Assert.Equal(HyperConnErrorCode.StoreUnavailable, (await Failed(store, "a")).Code);
            Assert.Equal([2030], Log.EventIds);
        }

        Assert.Equal(Text, (await Found(store, "a")).Text);
    }

    [Fact]
    public async Task A_file_of_a_folder_that_was_broken_from_the_start_is_announced_when_it_is_mended_and_when_it_goes()
    {
        await File.WriteAllTextAsync(SecretPath, "{ half");
        var store = Open(Folder);
        var changed = Changes(store);
        Assert.Equal(HyperConnErrorCode.SecretMalformed, (await Failed(store, "a")).Code);
        await File.WriteAllTextAsync(SecretPath, Text);
        await Eventually(() => Assert.Equal(["a"], changed));
        File.Delete(SecretPath);
        await Eventually(() => Assert.Equal(["a", "a"], changed));
    }

    [Fact]
    public async Task Files_whose_names_no_secret_can_have_are_not_listed()
    {
        foreach (var file in new[] { "a.json", "a b.json", "é.json", ".json" })
            await File.WriteAllTextAsync(Path.Combine(Folder, file), Text);
        var names = new List<string>();
        await foreach (var name in Open(Folder).ListNamesAsync("", default))
            names.Add(name);
        Assert.Equal(["a"], names);
    }

    [Fact]
    public async Task A_secret_that_stands_in_the_file_twice_and_is_no_unicode_is_reported_once()
    {
        await File.WriteAllTextAsync(FilePath, """{"a":"\ud800","a":"\ud801","b":{"x":"1"}}""");
        var store = Open(FilePath);
        Assert.Equal(HyperConnErrorCode.SecretMalformed, (await Failed(store, "a")).Code);
        Assert.Equal(Text, (await Found(store, "b")).Text);
        Assert.Equal([2030], Log.EventIds);
    }
}
