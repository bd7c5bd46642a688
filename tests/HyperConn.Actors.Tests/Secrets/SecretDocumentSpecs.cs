using HyperConn.Secrets;

namespace HyperConn.Tests;

public class SecretDocumentSpecs
{
    private const string Rds = """{"engine":"postgres","host":"db","port":5432,"username":"app","password":"canary","dbname":"core"}""";

    [Fact]
    public void A_string_entry_is_unescaped()
    {
        Assert.Equal("postgresql://a:p%40\"/db", Find("""{"core-postgresql":"postgresql://a:p%40\u0022\/db"}""", "core").Text);
    }

    [Fact]
    public void An_object_entry_is_its_raw_text()
    {
        Assert.Equal("""{ "host": "db" }""", Find("""{"core-postgresql":{ "host": "db" }}""", "core").Text);
    }

    [Fact]
    public void An_rds_object_at_the_top_serves_every_service_without_an_entry_of_its_own()
    {
        Assert.Equal(Rds, Find(Rds, "core").Text);
        var both = Rds[..^1] + ""","core-postgresql":"postgresql://own"}""";
        Assert.Equal("postgresql://own", Find(both, "core").Text);
        Assert.Equal(both, Find(both, "billing").Text);
    }

    [Theory]
    [InlineData("""{"host":"db"}""")]
    [InlineData("""{"host":"db","username":17}""")]
    [InlineData("""{"CORE-postgresql":"x"}""")]
    [InlineData("{}")]
    public void What_has_neither_lacks_the_key(string text)
    {
        var failure = Find(text, "core").Failure;
        Assert.Equal(HyperConnErrorCode.KeyNotFound, failure!.Code);
        Assert.Contains("'core-postgresql'", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("17")]
    [InlineData("null")]
    [InlineData("true")]
    [InlineData("[\"canary\"]")]
    [InlineData("\"\"")]
    [InlineData("\"  \"")]
    public void An_entry_of_another_shape_is_malformed(string entry)
    {
        var failure = Find($$"""{"core-postgresql":{{entry}}}""", "core").Failure;
        Assert.Equal(HyperConnErrorCode.SecretMalformed, failure!.Code);
        Assert.DoesNotContain("canary", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("canary")]
    [InlineData("{\"core-postgresql\":\"canary\"")]
    [InlineData("{\"core-postgresql\":\"canary\"} trailing")]
    [InlineData("[{\"canary\":1}]")]
    [InlineData("\"canary\"")]
    [InlineData("null")]
    [InlineData("{\"core-postgresql\":\"\\ud800\"}")]
    public void A_text_that_is_no_json_object_is_malformed_and_not_quoted(string text)
    {
        Assert.False(SecretDocument.TryParse("martech-org1", new SecretResult.Found(text, "v1"), out _, out var fault));
        Assert.Contains("'martech-org1'", fault, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", fault, StringComparison.Ordinal);
    }

    [Fact]
    public void Nesting_without_end_is_malformed()
    {
        Assert.False(SecretDocument.TryParse("n", new SecretResult.Found(new string('[', 10_000), "v1"), out _, out _));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"billing-postgresql":"postgresql://b"}""")]
    [InlineData("""{"core-postgresql":null}""")]
    public void A_broken_entry_without_a_sound_older_one_stays_broken(string older)
    {
        var document = Parse("""{"core-postgresql":17}""", "v2");
        Assert.Same(document, document.KeepSoundEntriesOf(Parse(older, "v1"), out var kept));
        Assert.Empty(kept);
        Assert.Null(document.SetbackOf("core"));
    }

    private static SecretDocument Parse(string text, string version)
    {
        Assert.True(SecretDocument.TryParse("martech-org1", new SecretResult.Found(text, version), out var document, out _));
        return document;
    }

    private static (string Text, HyperConnFailure? Failure) Find(string text, string service)
    {
        var document = Parse(text, "v1");
        var failure = document.Find(service, out var found, out _);
        return (found, failure);
    }
}
