namespace HyperConn.Tests.Secrets;

/// <summary>What a file store writes, and whom it tells.</summary>
public sealed class FileStoreWritingSpecs : FileStoreSpec
{
    [Theory]
    [InlineData("[1]")]
    [InlineData("17")]
    [InlineData("null")]
    [InlineData("\"text\"")]
    [InlineData("no json")]
    [InlineData("""{"x":"\ud800"}""")]
    [InlineData("""{"\udc00":"x"}""")]
    public async Task A_text_that_can_not_stand_there_as_JSON_comes_back_as_it_was(string text)
    {
        foreach (var path in new[] { FilePath, Folder })
        {
            var version = await Open(path).StoreAsync("a", text, default);
            Assert.Equal(new SecretResult.Found(text, version), await Open(path).GetAsync("a", default));
        }
    }

    [Theory]
    [InlineData("[1]")]
    [InlineData("null")]
    [InlineData("""{"b":{"x":"1"},"b":{"x":"2"}}""")]
    [InlineData("""{"b":{"x":"\ud800"}}""")]
    [InlineData("""{"\udc00":{"x":"1"}}""")]
    public async Task A_file_that_can_not_be_written_whole_is_left_as_it_is(string content)
    {
        await File.WriteAllTextAsync(FilePath, content);
        var refused = await Assert.ThrowsAsync<HyperConnException>(() => Open(FilePath).StoreAsync("a", "{}", default));
        Assert.Equal(HyperConnErrorCode.StoreUnavailable, refused.Code);
        Assert.Contains("Mend it first", refused.Message, StringComparison.Ordinal);
        Assert.Equal(content, await File.ReadAllTextAsync(FilePath));
    }

    [Fact]
    public async Task A_secret_stored_once_more_with_the_same_text_is_announced_each_time()
    {
        var store = Open(FilePath);
        var changed = Changes(store);
        var first = await store.StoreAsync("a", """{"x":"1"}""", default);
        Assert.Equal(first, await store.StoreAsync("a", """{"x":"1"}""", default));
        Assert.Equal(["a", "a"], changed);
    }

    [Fact]
    public async Task What_somebody_else_changed_in_the_file_is_announced_with_what_is_stored()
    {
        await File.WriteAllTextAsync(FilePath, """{"a":{"x":"1"},"b":{"x":"1"}}""");
        var store = Open(FilePath);
        var changed = Changes(store);
        await File.WriteAllTextAsync(FilePath, """{"a":{"x":"1"},"b":{"x":"2"}}""");
        await store.StoreAsync("a", """{"x":"1"}""", default);
        await Eventually(() => Assert.Equal(["a", "b"], changed.Order()));
    }
}
