using System.Text.RegularExpressions;
using HyperConn.ConnectionStrings;

namespace HyperConn.Tests;

/// <summary>
/// Our reading of connection strings against libpq's own, text by text. The one difference: what looks like the rest of a password in host,
/// port or database is refused.
/// </summary>
public partial class LibpqAgreementSpecs
{
    private const int Texts = 10_000;

    [SkippableFact]
    public void Ten_thousand_uris_get_libpqs_verdict_and_values()
    {
        MachinePart.Postgres.Need(Libpq.MissingReason is null, Libpq.MissingReason);
        var generator = new ConnectionTextGenerator(20260812, SharedKeywords(), Libpq.SpacesArePlain());
        var accepted = Compare(generator.Uri, LibpqUri.HasScheme, LibpqUri.Parse);
        Assert.InRange(accepted, Texts / 10, Texts * 9 / 10);
    }

    [SkippableTheory]
    [InlineData("postgresql://app:P@@CANARY@127.0.0.1/db", "host")]
    [InlineData("postgresql://app:@CANARY@127.0.0.1/db", "host")]
    [InlineData("postgresql://app:P@ss,CANARY@127.0.0.1/db", "host")]
    [InlineData("postgresql://app:P@[CANARY@127.0.0.1]/db", "host")]
    [InlineData("postgresql://app:P@[CANARY/x]/db", "host")]
    [InlineData("postgresql://app:P@ss:CANARY@127.0.0.1/db", "port")]
    [InlineData("postgresql://app:P@ss:1:CANARY/db", "port")]
    [InlineData("postgresql://app:P@ss/CANARY@127.0.0.1:5432/db", "dbname")]
    [InlineData("postgresql://app:P@ss/CANARY:db", "dbname")]
    [InlineData("postgresql://app:P@ss/CANARY/db", "dbname")]
    public void What_looks_like_the_rest_of_a_password_is_refused_and_not_repeated_though_libpq_takes_it_for_a_name(string text, string component)
    {
        var refused = Assert.Throws<FormatException>(() => PostgresUri.Parse(text));
        Assert.False(PostgresCredentials.TryParse(text, out _, out var fault));

        Assert.Contains($"The {component} has", refused.Message, StringComparison.Ordinal);
        Assert.Equal(refused.Message, fault);
        Assert.DoesNotContain("CANARY", refused.ToString(), StringComparison.Ordinal);
        MachinePart.Postgres.Need(Libpq.MissingReason is null, Libpq.MissingReason);
        Assert.NotNull(Libpq.Parse(text));
        Assert.True(HasRestOfPassword(text));
    }

    [SkippableTheory]
    [InlineData("postgresql://app:P%40%40CANARY@127.0.0.1/db")]
    [InlineData("postgresql://app:p@%2Frun%2Fpostgresql/db")]
    [InlineData("postgresql://app:p@%40abstract/db")]
    [InlineData("postgresql://app:p@/db?host=/run/postgresql")]
    [InlineData("postgresql://app:p@/db?host=@abstract")]
    [InlineData("postgresql://app:p@[::1]:5432,h2:5433/db")]
    [InlineData("postgresql://app:p@h/d%2Fb%3A%40")]
    [InlineData("postgresql://app@h@x/d:b/c@e?password=p")]
    [InlineData("postgresql://app:p@h/db?user=a@b&options=-c%20x.y%3D1:2/3")]
    public void What_is_encoded_or_stands_elsewhere_stays_possible(string text)
    {
        MachinePart.Postgres.Need(Libpq.MissingReason is null, Libpq.MissingReason);
        Assert.False(HasRestOfPassword(text));
        Assert.Equal(Libpq.Parse(text), PostgresUri.Parse(text).Parameters.ToDictionary());
    }

    [SkippableFact]
    public void Ten_thousand_keyword_strings_get_libpqs_verdict_and_values()
    {
        MachinePart.Postgres.Need(Libpq.MissingReason is null, Libpq.MissingReason);
        var generator = new ConnectionTextGenerator(20260813, SharedKeywords(), spaces: true);
        var accepted = Compare(generator.KeywordValue, text => !LibpqUri.HasScheme(text), LibpqKeyValue.Parse);
        Assert.InRange(accepted, Texts / 10, Texts * 9 / 10);
    }

    [SkippableFact]
    public void Every_keyword_of_the_installed_libpq_is_known()
    {
        MachinePart.Postgres.Need(Libpq.MissingReason is null, Libpq.MissingReason);
        // A libpq newer than our list is no fault of the list; all that PostgreSQL 18 had must be there.
        Assert.Empty(Libpq.Keywords().Where(keyword => !LibpqKeywords.Contains(keyword)).Except(["oauth_ca_file"]));
    }

    [SkippableTheory]
    [InlineData("postgresql://")]
    [InlineData("postgres:///db")]
    [InlineData("POSTGRESQL://h")]
    [InlineData("postgresql://app@s3cr@t@h/db")]
    [InlineData("postgresql://app:s3c/ret@h/db")]
    [InlineData("postgresql://h?user=a@b/c")]
    [InlineData("postgresql://h1,h2:5433/db")]
    [InlineData("postgresql://h1:1,[::1]:2,h3/db?host=x")]
    [InlineData("postgresql://[::1/db")]
    [InlineData("postgresql://[]/db")]
    [InlineData("postgresql://[::1]x/db")]
    [InlineData("postgresql://%2Fvar%2Frun/db")]
    [InlineData("postgresql://h/db?ssl=true")]
    [InlineData("postgresql://h/db?ssl=false")]
    [InlineData("postgresql://h/db?requiressl=1")]
    [InlineData("postgresql://h/db?requiressl=")]
    [InlineData("postgresql://h/db?&user=a")]
    [InlineData("postgresql://h/db?user=a&")]
    [InlineData("postgresql://h/db?user=a=b")]
    [InlineData("postgresql://h/db?user=a&user=b")]
    [InlineData("postgresql://h/db?User=a")]
    [InlineData("postgresql://h/db?us%65r=a")]
    [InlineData("postgresql://h/db?user=%")]
    [InlineData("postgresql://h/db?user=%00")]
    [InlineData("postgresql://a+b:c#d@h/d+b#x")]
    [InlineData("postgresql://%FF:%C3%28@h")]
    [InlineData("postgresql://u:@h")]
    [InlineData("postgresql://:p@h")]
    [InlineData("postgresql://@:/?")]
    public void Corners_of_the_grammar_are_libpqs(string text)
    {
        MachinePart.Postgres.Need(Libpq.MissingReason is null, Libpq.MissingReason);
        var ours = PostgresUri.TryParse(text, out var uri) ? uri.Parameters : null;
        // Without its scheme a text is a keyword string to libpq; to us it is no URI.
        Assert.Equal(LibpqUri.HasScheme(text) ? Libpq.Parse(text) : null, ours?.ToDictionary());
    }

    [Theory]
    [InlineData("postgresql://h\0/db")]
    [InlineData("postgresql://h/db\0")]
    public void A_nul_character_which_libpq_would_never_see_is_refused(string text)
    {
        Assert.False(PostgresUri.TryParse(text, out _));
        Assert.False(PostgresCredentials.TryParse(text, out _, out _));
    }

    private static List<string> SharedKeywords() => [.. Libpq.Keywords().Where(LibpqKeywords.Contains).Order(StringComparer.Ordinal)];

    private static int Compare(
        Func<string> next, Func<string, bool> concerns, Func<string, Dictionary<string, string>, string?> parse)
    {
        var accepted = 0;
        for (var i = 0; i < Texts; i++)
        {
            var text = next();
            if (!concerns(text))
                continue;
            var ours = new Dictionary<string, string>(StringComparer.Ordinal);
            var fault = parse(text, ours);
            var theirs = Libpq.Parse(text);
            if (theirs is not null && LibpqUri.HasScheme(text) && HasRestOfPassword(text))
            {
                Assert.True(fault is not null, $"text {i}: the rest of a password would be shown: {text}");
                continue;
            }
            Assert.True(
                theirs is null == fault is not null, $"text {i}: libpq {(theirs is null ? "refuses" : "accepts")}, we say '{fault}': {text}");
            if (theirs is null)
                continue;
            accepted++;
            Assert.True(
                theirs.Count == ours.Count && theirs.All(pair => ours.TryGetValue(pair.Key, out var value) && value == pair.Value),
                $"text {i}: other values than libpq's for {text}");
        }
        return accepted;
    }

    /// <summary>The rule of that refusal, by libpq's own splitting: a separator in a name that is still there when encoded ones are not.</summary>
    private static bool HasRestOfPassword(string text)
    {
        var start = text.IndexOf("://", StringComparison.Ordinal) + 3;
        var end = text.IndexOfAny(['@', '/'], start);
        if (end < 0 || text[end] == '/' || !text[start..end].Contains(':', StringComparison.Ordinal))
            return false;
        var split = Libpq.Parse("postgresql://u@" + EncodedSeparator().Replace(text[(end + 1)..].Split('?')[0], "_"));
        bool Has(string keyword, params char[] separators) => split?.GetValueOrDefault(keyword)?.IndexOfAny(separators) >= 0;
        return Has("host", '@', '/') || Has("port", '@', ':') || Has("dbname", '@', '/', ':');
    }

    [GeneratedRegex("%(40|2F|3A)", RegexOptions.IgnoreCase)]
    private static partial Regex EncodedSeparator();
}
