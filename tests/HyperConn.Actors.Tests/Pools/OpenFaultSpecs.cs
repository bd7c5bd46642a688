using System.Net.Sockets;
using HyperConn.Opening;
using Npgsql;

namespace HyperConn.Tests.Pools;

/// <summary>What an open failed of, by what a server or a pooler answered.</summary>
public class OpenFaultSpecs
{
    private static PostgresException Answer(string text, string state = "08P01") => new(text, "FATAL", "FATAL", state);

    [Theory]
    [InlineData("unsupported startup parameter: options", OpenFault.ParameterRefused)]
    [InlineData("no more connections allowed (max_client_conn)", OpenFault.ServerFull)]
    [InlineData("sorry, too many clients already", OpenFault.ServerFull)]
    [InlineData("query_wait_timeout", OpenFault.PoolerFull)]
    [InlineData("server login has been failing, try again later (server_login_retry)", OpenFault.Unreachable)]
    [InlineData("client_login_timeout (server down)", OpenFault.Unreachable)]
    [InlineData("server conn crashed?", OpenFault.Unreachable)]
    [InlineData("invalid server parameter", OpenFault.Unreachable)]
    [InlineData("successfully sent cancel request", OpenFault.Unreachable)]
    [InlineData("failed to send cancel req", OpenFault.Unreachable)]
    [InlineData("connect timeout", OpenFault.Unreachable)]
    [InlineData("server lifetime over", OpenFault.Unreachable)]
    [InlineData("the database system is starting up", OpenFault.Unreachable)]
    [InlineData("SASL authentication failed", OpenFault.LoginRefused)]
    [InlineData("password authentication failed for user \"app\"", OpenFault.LoginRefused)]
    [InlineData("role \"app\" does not exist", OpenFault.LoginRefused)]
    [InlineData("too many connections for role \"app\"", OpenFault.TenantFull)]
    [InlineData("database \"db\" does not exist", OpenFault.DatabaseUnavailable)]
    [InlineData("something new", OpenFault.Other)]
    public void A_poolers_words_say_what_its_one_code_does_not(string text, object fault) => Assert.Equal(fault, OpenFaults.Of(Answer(text)));

    [Fact]
    public void Words_count_under_the_poolers_code_only() =>
        Assert.Equal(OpenFault.Other, OpenFaults.Of(Answer("no more connections allowed (max_client_conn)", "22023")));

    [Theory]
    [InlineData("unsupported startup parameter: search_path", "search_path")]
    [InlineData("unsupported startup parameter: replication=database", "replication")]
    [InlineData("unsupported startup parameter in options: work_mem", "options")]
    [InlineData("unsupported startup parameter: a b\n", "?")]
    [InlineData("unsupported startup parameter: app.name", "app.name")]
    [InlineData("unsupported startup parameter: _0123456789_123456789_123456789_123456789_123456789_123456789_1234", "?")]
    [InlineData("unsupported startup parameter", "?")]
    [InlineData("something else", "?")]
    public void The_refused_parameter_is_named_if_it_is_a_name(string text, string name) =>
        Assert.Equal(name, PoolerAnswers.RefusedParameter(Answer(text)));

    [Fact]
    public void What_is_no_answer_names_no_parameter() => Assert.Equal("?", PoolerAnswers.RefusedParameter(new TimeoutException()));

    [Theory]
    [InlineData("28P01", OpenFault.LoginRefused)]
    [InlineData("28000", OpenFault.LoginRefused)]
    [InlineData("3D000", OpenFault.DatabaseUnavailable)]
    [InlineData("55000", OpenFault.DatabaseUnavailable)]
    [InlineData("42501", OpenFault.DatabaseUnavailable)]
    [InlineData("53300", OpenFault.ServerFull)]
    [InlineData("57P01", OpenFault.Unreachable)]
    [InlineData("57P02", OpenFault.Unreachable)]
    [InlineData("57P03", OpenFault.Unreachable)]
    [InlineData("22023", OpenFault.Other)]
    public void PostgreSQL_says_it_with_a_code(string state, object fault) => Assert.Equal(fault, OpenFaults.Of(Answer("No.", state)));

    [Theory]
    [InlineData("InitializeSessionUserId", OpenFault.TenantFull)]
    [InlineData("CheckMyDatabase", OpenFault.TenantFull)]
    [InlineData("InitProcess", OpenFault.ServerFull)]
    public void Whose_limit_is_reached_is_told_by_the_routine(string routine, object fault) =>
        Assert.Equal(fault, OpenFaults.Of(new PostgresException("No.", "FATAL", "FATAL", "53300", routine: routine)));

    [Theory]
    [InlineData(SocketError.ConnectionRefused, OpenFault.Unreachable)]
    [InlineData(SocketError.HostDown, OpenFault.Unreachable)]
    [InlineData(SocketError.HostNotFound, OpenFault.Unreachable)]
    [InlineData(SocketError.HostUnreachable, OpenFault.Unreachable)]
    [InlineData(SocketError.NetworkDown, OpenFault.Unreachable)]
    [InlineData(SocketError.NetworkUnreachable, OpenFault.Unreachable)]
    [InlineData(SocketError.TryAgain, OpenFault.Unreachable)]
    [InlineData(SocketError.TimedOut, OpenFault.NoAnswer)]
    [InlineData(SocketError.ConnectionReset, OpenFault.NoAnswer)]
    public void What_holds_for_every_tenant_of_a_host_is_the_server_and_what_may_be_one_tenants_is_no_answer(SocketError error, object fault) =>
        Assert.Equal(fault, OpenFaults.Of(new NpgsqlException("Failed.", new SocketException((int)error))));

    public static TheoryData<Exception, object> WithoutACode => new()
    {
        { new NpgsqlException("The connection pool has been exhausted, either raise it", new TimeoutException()), OpenFault.PoolFull },
        { new NpgsqlException("No password has been provided but the backend requires one"), OpenFault.LoginRefused },
        { new NpgsqlException("Slow.", new TimeoutException()), OpenFault.NoAnswer },
        { new NpgsqlException("Cut.", new EndOfStreamException()), OpenFault.NoAnswer },
        { new IOException("Cut."), OpenFault.NoAnswer },
        { new NpgsqlException("Old.", new HyperConnException(new HyperConnFailure(HyperConnErrorCode.StoreUnavailable, "Old."))), OpenFault.CredentialsExpired },
        { new SearchPathLostException("org1", "public"), OpenFault.SearchPathLost },
        { new NpgsqlException("Anything."), OpenFault.Other },
        { new InvalidOperationException("Anything."), OpenFault.Other },
        { Several(new InvalidOperationException("Anything.")), OpenFault.Other },
    };

    [Theory]
    [MemberData(nameof(WithoutACode), DisableDiscoveryEnumeration = true)]
    public void Where_nobody_answered_the_exception_tells(Exception exception, object fault) => Assert.Equal(fault, OpenFaults.Of(exception));

    [Fact]
    public void Of_several_hosts_the_one_that_answered_tells_more_than_the_one_that_is_away()
    {
        var away = new NpgsqlException("away", new SocketException((int)SocketError.ConnectionRefused));

        Assert.Equal(OpenFault.Unreachable, OpenFaults.Of(Several(away)));
        Assert.Equal(OpenFault.ServerFull, OpenFaults.Of(Several(away, Answer("full", "53300"))));
        Assert.Equal(OpenFault.LoginRefused, OpenFaults.Of(Several(away, Answer("wrong", "28P01"))));
        Assert.Equal(OpenFault.Unreachable, OpenFaults.Of(Several(new OperationCanceledException(), away)));
    }

    [Fact]
    public void Several_hosts_of_which_none_is_what_is_asked_for_are_waited_for() =>
        Assert.Equal(OpenFault.Unreachable, OpenFaults.Of(new NpgsqlException("No suitable host was found.")));

    [Theory]
    [InlineData("org1", "org1")]
    [InlineData(" Org1 , public", "org1")]
    [InlineData("\"Org1\", public", "Org1")]
    [InlineData("\"a,b\"\"c\"", "a,b\"c")]
    [InlineData("\"$user\", public", "$user")]
    [InlineData("\"open", "open")]
    [InlineData("\"open\"\"", "open\"")]
    [InlineData("", "")]
    public void The_first_schema_of_a_path_is_read_as_PostgreSQL_reads_it(string path, string schema) =>
        Assert.Equal(schema, PooledSession.FirstSchema(path));

    private static NpgsqlException Several(params Exception[] inner) => new("Unable to connect to a suitable host.", new AggregateException(inner));
}
