using System.Text;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using HyperConn.ConnectionStrings;

namespace HyperConn.Tests;

public class PostgresUriSpecs
{
    private const string Canary = "S3cr3tCanary";

    [Fact]
    public void A_whole_uri_is_read_into_libpqs_keywords()
    {
        var uri = PostgresUri.Parse("postgresql://app%40eu:p%2Fw@h1,[::1]:5433/my%20db?sslmode=verify-full&application_name=a+b#c");
        Assert.Equal(
            new Dictionary<string, string>
            {
                ["user"] = "app@eu",
                ["password"] = "p/w",
                ["host"] = "h1,::1",
                ["port"] = ",5433",
                ["dbname"] = "my db",
                ["sslmode"] = "verify-full",
                ["application_name"] = "a+b#c",
            },
            uri.Parameters);
    }

    [Fact]
    public void Nothing_but_the_scheme_is_required_to_parse()
    {
        Assert.Empty(PostgresUri.Parse("postgres://").Parameters);
    }

    [Theory]
    [InlineData("http://h/db", "scheme")]
    [InlineData("Postgresql://h/db", "scheme")]
    [InlineData(" postgresql://h/db", "scheme")]
    [InlineData("", "scheme")]
    [InlineData("postgresql://S3cr3tCanary%zz@h", "user")]
    [InlineData("postgresql://u:S3cr3tCanary%4@h", "password")]
    [InlineData("postgresql://u:p@S3cr3tCanary%00/db", "host")]
    [InlineData("postgresql://[S3cr3tCanary/db", "host")]
    [InlineData("postgresql://[::1]S3cr3tCanary/db", "host")]
    [InlineData("postgresql://h:S3cr3tCanary%/db", "port")]
    [InlineData("postgresql://h/S3cr3tCanary%x", "dbname")]
    [InlineData("postgresql://h/db?S3cr3tCanary", "Parameter 1")]
    [InlineData("postgresql://h/db?user=u&S3cr3tCanary=x", "Parameter 2")]
    [InlineData("postgresql://h/db?password=a=S3cr3tCanary", "Parameter 1")]
    [InlineData("postgresql://h/db?password=S3cr3tCanary%", "'password'")]
    [InlineData("postgresql://h/db?S3cr3tCanary%=x", "parameter 1")]
    [InlineData("postgresql://u:S3cr3tCanary\0@h", "NUL")]
    public void A_refusal_names_the_component_and_repeats_nothing(string text, string component)
    {
        var refused = Assert.Throws<FormatException>(() => PostgresUri.Parse(text));
        Assert.Contains(component, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Canary, refused.ToString(), StringComparison.Ordinal);
        Assert.Null(refused.InnerException);
        Assert.False(PostgresUri.TryParse(text, out var none));
        Assert.Null(none);
    }

    [Fact]
    public void Null_is_no_uri()
    {
        Assert.Throws<ArgumentNullException>(() => PostgresUri.Parse(null!));
        Assert.False(PostgresUri.TryParse(null, out _));
    }

    [Theory]
    [InlineData("postgresql://app:S3cr3tCanary@h/db")]
    [InlineData("postgresql://app@x@S3cr3tCanary@h/db")]
    [InlineData("postgresql://app:x/S3cr3tCanary@h/db")]
    [InlineData("postgresql://S3cr3tCanary:x@h/db?options=S3cr3tCanary")]
    public void The_text_for_logs_shows_no_value(string text)
    {
        Assert.DoesNotContain(Canary, PostgresUri.Parse(text).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_uri_of_a_megabyte_is_read_in_one_pass()
    {
        var password = "%41" + new string('x', 1_000_000);
        Assert.Equal("A" + new string('x', 1_000_000), PostgresUri.Parse($"postgresql://u:{password}@h").Parameters["password"]);
    }

    [Property(MaxTest = 500)]
    public Property Any_text_after_the_scheme_gives_a_uri_or_a_refusal_that_repeats_nothing(string? noise, string? more)
    {
        var text = $"postgresql://{noise}{Canary}{more}";
        return OnlyFormatExceptions(text).ToProperty();
    }

    [Property(MaxTest = 500)]
    public bool What_is_escaped_comes_back(NonEmptyString user, NonEmptyString password, NonEmptyString database)
    {
        string[] values = [user.Get, password.Get, database.Get];
        if (values.Any(value => value.Contains('\0', StringComparison.Ordinal)))
            return true;
        var uri = PostgresUri.Parse($"postgresql://{Escape(values[0])}:{Escape(values[1])}@h/{Escape(values[2])}?application_name={Escape(values[1])}");
        return uri.Parameters["user"] == Utf8Text.Normalize(values[0])
            && uri.Parameters["password"] == Utf8Text.Normalize(values[1])
            && uri.Parameters["dbname"] == Utf8Text.Normalize(values[2])
            && uri.Parameters["application_name"] == Utf8Text.Normalize(values[1]);
    }

    [Fact]
    public void Whatever_parses_becomes_a_builder_or_a_refusal_that_repeats_nothing()
    {
        var generator = new ConnectionTextGenerator(20260814, [.. LibpqKeywords.All.Order(StringComparer.Ordinal)], spaces: true);
        var random = new Random(20260814);
        for (var i = 0; i < 10_000; i++)
        {
            var text = generator.Uri();
            var at = random.Next("postgresql://".Length, Math.Max(text.Length, "postgresql://".Length) + 1);
            Assert.True(OnlyFormatExceptions(at > text.Length ? text : text.Insert(at, Canary)), $"text {i}: {text}");
        }
    }

    private static bool OnlyFormatExceptions(string text)
    {
        try
        {
            _ = PostgresUri.Parse(text).ToNpgsql();
        }
        catch (FormatException refused)
        {
            return refused.InnerException is null && !refused.ToString().Contains(Canary, StringComparison.Ordinal);
        }
        return true;
    }

    private static string Escape(string value) => string.Concat(Encoding.UTF8.GetBytes(value).Select(b => $"%{b:X2}"));
}
