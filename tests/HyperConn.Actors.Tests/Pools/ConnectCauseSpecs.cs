using HyperConn.Opening;
using Npgsql;

namespace HyperConn.Tests.Pools;

/// <summary>A secret can name any server, and a server can answer anything.</summary>
public class ConnectCauseSpecs
{
    private const string Password = "canary-Passw0rd";

    private static PostgresException Answer(string text, string state = "28P01") => new(text, "FATAL", "FATAL", state);

    [Fact]
    public void A_server_that_answers_with_the_password_it_was_given_is_not_quoted()
    {
        Assert.Equal("28P01", ConnectCause.Of(Answer($"password \"{Password}\" is wrong"), Password));
        Assert.Equal("28P01: no such role", ConnectCause.Of(Answer("no such role"), Password));
    }

    [Fact]
    public void What_a_server_says_makes_no_lines_of_its_own_and_is_not_long()
    {
        Assert.Equal("28P01: gone  info: all is well", ConnectCause.Of(Answer("gone\r\ninfo: all is well"), Password));
        Assert.InRange(ConnectCause.Of(Answer(new string('x', 100_000)), Password).Length, 200, 210);
    }

    [Fact]
    public void Of_states_that_may_quote_values_only_the_code_is_told() =>
        Assert.Equal("22023", ConnectCause.Of(Answer("invalid value: \"abc\"", "22023"), Password));
}
