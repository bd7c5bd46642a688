using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
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

    [Theory]
    [InlineData("08P01", "no more connections allowed (max_client_conn)")]
    [InlineData("53300", "sorry, too many clients already")]
    [InlineData("57P03", "the database system is starting up")]
    [InlineData("42704", "unrecognized configuration parameter \"x.y\"")]
    [InlineData("3D000", "database \"db\" does not exist")]
    public void What_names_only_limits_settings_and_databases_is_quoted(string state, string text) =>
        Assert.Equal($"{state}: {text}", ConnectCause.Of(Answer(text, state), Password));

    [Theory]
    [InlineData("red \u001b[31malert", "red  [31malert")]
    [InlineData("turned \u202e round", "turned   round")]
    [InlineData("next\u2028line", "next line")]
    public void What_a_server_says_moves_no_cursor_and_turns_no_text(string said, string shown) =>
        Assert.Equal($"08P01: {shown}", ConnectCause.Of(Answer(said, "08P01"), Password));

    [Fact]
    public void A_text_is_not_cut_inside_a_character()
    {
        var shown = ConnectCause.Printable(new string('x', 199) + "😀😀😀");

        Assert.Equal(new string('x', 199) + "😀…", shown);
    }

    [Fact]
    public void What_a_refused_parameter_was_to_be_set_to_is_not_quoted() => Assert.Equal(
        "08P01: unsupported startup parameter: replication", ConnectCause.Of(Answer("unsupported startup parameter: replication=canary", "08P01"), null));

    [Fact]
    public void Of_states_that_may_quote_values_only_the_code_is_told() =>
        Assert.Equal("22023", ConnectCause.Of(Answer("invalid value: \"abc\"", "22023"), Password));

    [Fact]
    public void A_database_that_takes_no_connections_is_named() => Assert.Equal(
        "55000: database \"db\" is not currently accepting connections", ConnectCause.Of(Answer("database \"db\" is not currently accepting connections", "55000"), Password));

    [Fact]
    public void Without_a_password_there_is_none_to_keep_back() => Assert.Equal("28P01: no such role", ConnectCause.Of(Answer("no such role"), ""));

    [Theory]
    [InlineData(SocketError.ConnectionRefused, "the connection was refused")]
    [InlineData(SocketError.HostNotFound, "the host name does not resolve")]
    [InlineData(SocketError.TryAgain, "the host name does not resolve")]
    [InlineData(SocketError.NoData, "the host name does not resolve")]
    [InlineData(SocketError.TimedOut, "no answer in time")]
    [InlineData(SocketError.NetworkUnreachable, "network: NetworkUnreachable")]
    public void What_the_network_says_is_told_in_words(SocketError error, string words) =>
        Assert.StartsWith(words, ConnectCause.Of(new NpgsqlException("Failed.", new SocketException((int)error)), Password), StringComparison.Ordinal);

    public static TheoryData<Exception, string> Others => new()
    {
        { new TimeoutException(), "no answer in time" },
        { new AuthenticationException(), "the TLS handshake failed" },
        { new FileNotFoundException(), "a TLS file" },
        { new DirectoryNotFoundException(), "a TLS file" },
        { new CryptographicException(), "a TLS file" },
        { new UnauthorizedAccessException(), "a TLS file" },
        { new EndOfStreamException(), "the server closed the connection" },
        { new NpgsqlException("SSL connection requested. No SSL enabled connection from this host is configured."), "the server does not speak TLS" },
        { new NpgsqlException("No suitable host was found."), "no host is what target_session_attrs asks for" },
        { new NpgsqlException("No password has been provided but the backend requires one"), "the server wants a password" },
        { new InvalidOperationException(Password), nameof(InvalidOperationException) },
    };

    [Theory]
    [MemberData(nameof(Others), DisableDiscoveryEnumeration = true)]
    public void What_else_goes_wrong_is_told_without_its_own_text(Exception exception, string words)
    {
        Assert.StartsWith(words, ConnectCause.Of(exception, Password), StringComparison.Ordinal);
        Assert.DoesNotContain(Password, ConnectCause.Of(new NpgsqlException("Failed.", exception), Password), StringComparison.Ordinal);
    }
}
