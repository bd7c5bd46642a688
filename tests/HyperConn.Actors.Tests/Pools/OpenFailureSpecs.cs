using HyperConn.Leases;
using HyperConn.Opening;
using HyperConn.Primitives;
using HyperConn.Servers;

namespace HyperConn.Tests.Pools;

/// <summary>What callers are told of an open that failed, and of one that took too long.</summary>
public class OpenFailureSpecs : OpeningSpec
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);

    [Theory]
    [InlineData(OpenFault.LoginRefused, HyperConnErrorCode.LoginRefused, "pg_hba.conf")]
    [InlineData(OpenFault.CredentialsExpired, HyperConnErrorCode.StoreUnavailable, "HardLimit")]
    [InlineData(OpenFault.DatabaseUnavailable, HyperConnErrorCode.DatabaseUnavailable, "CONNECT")]
    [InlineData(OpenFault.TenantFull, HyperConnErrorCode.BudgetTimedOut, "ALTER ROLE")]
    [InlineData(OpenFault.ServerFull, HyperConnErrorCode.BudgetTimedOut, "others use the server too")]
    [InlineData(OpenFault.PoolFull, HyperConnErrorCode.BudgetTimedOut, "outside leases")]
    [InlineData(OpenFault.PoolerFull, HyperConnErrorCode.BudgetTimedOut, "default_pool_size")]
    [InlineData(OpenFault.Unreachable, HyperConnErrorCode.ServerUnreachable, "PostgreSQL at db1:5432 can't be reached")]
    [InlineData(OpenFault.NoAnswer, HyperConnErrorCode.ServerUnreachable, "PostgreSQL at db1:5432 can't be reached")]
    [InlineData(OpenFault.ParameterRefused, HyperConnErrorCode.ConnectionFailed, "ignore_startup_parameters")]
    [InlineData(OpenFault.Other, HyperConnErrorCode.ConnectionFailed, "TLS")]
    public void Each_fault_has_a_code_and_says_what_to_check(object fault, HyperConnErrorCode code, string remedy)
    {
        var failure = OpenFailures.Connect(Pool("acme", Server()), (OpenFault)fault, Answer("08P01", "it was " + ScriptedSecrets.Canary));
        Assert.Equal(code, failure.Code);
        Assert.Contains(remedy, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(ScriptedSecrets.Canary, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_a_pooler_it_says_what_the_pooler_lacks()
    {
        var pool = Pool("acme", Server(kind: ServerKind.Pooler));
        Assert.Contains("max_client_conn", OpenFailures.Connect(pool, OpenFault.ServerFull, Answer("08P01")).Message, StringComparison.Ordinal);
        Assert.Contains("can't reach PostgreSQL", OpenFailures.Connect(pool, OpenFault.Unreachable, Answer("08P01")).Message, StringComparison.Ordinal);

        // Nobody answered: the pooler itself may be away.
        Assert.Contains("can't be reached", OpenFailures.Connect(pool, OpenFault.Unreachable, new TimeoutException()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("unsupported startup parameter: search_path", "", "Give the role a path of its own")]
    [InlineData("unsupported startup parameter: options", "?options=-c%20work_mem%3D1MB", "Remove it from the secret and give the role these settings")]
    [InlineData("unsupported startup parameter: other", "", "add it to the pooler's ignore_startup_parameters")]
    public void A_parameter_that_a_pooler_does_not_take_has_a_remedy_of_its_own(string said, string more, string remedy)
    {
        var pool = Pool("acme", ScriptedSecrets.Uri() + more, Server());
        var failure = OpenFailures.Connect(pool, OpenFault.ParameterRefused, Answer("08P01", said));
        Assert.Contains(remedy, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_that_only_keep_those_of_the_process_out_are_remedied_there()
    {
        var neutral = Uri.EscapeDataString(ConnectionStrings.SessionOptions.Neutral("UTF8"));
        var pool = Pool("acme", $"{ScriptedSecrets.Uri()}?client_encoding=UTF8&options={neutral}", Server());
        var failure = OpenFailures.Connect(pool, OpenFault.ParameterRefused, Answer("08P01", "unsupported startup parameter: options"));
        Assert.Contains("start the process without PGOPTIONS", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_search_path_that_was_dropped_is_named_with_the_one_in_force()
    {
        var failure = OpenFailures.Connect(Pool("acme", Server()), OpenFault.SearchPathLost, new SearchPathLostException("org1", "public"));
        Assert.Equal(HyperConnErrorCode.ConnectionFailed, failure.Code);
        Assert.Contains("have the search path public and not org1", failure.Message, StringComparison.Ordinal);
        Assert.Contains("IN DATABASE \"d\" SET search_path = org1", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Who_waited_too_long_is_told_what_is_known_of_the_login_or_the_server()
    {
        var pool = Pool("acme", Server());
        var handle = Publish(pool);
        pool.Health.ReportUnreachable(new HyperConnFailure(HyperConnErrorCode.ServerUnreachable, "Away."), CircuitPass.Closed);
        Assert.Equal((HyperConnErrorCode.ServerUnreachable, Acme), Told(Request(pool, handle)));
        handle.Login.Failed(new HyperConnFailure(HyperConnErrorCode.LoginRefused, "No."), CircuitPass.Closed);
        Assert.Equal((HyperConnErrorCode.LoginRefused, Acme), Told(Request(pool, handle)));

        (HyperConnErrorCode, TenantKey?) Told(OpenRequest request)
        {
            var failure = OpenFailures.TimedOut(request, Limit);
            return (failure.Code, failure.Tenant);
        }
    }

    [Fact]
    public void Who_waited_for_a_pool_too_long_is_told_how_far_it_came()
    {
        var request = Request(Pool("acme", Server()));
        request.Pool = null;
        request.Stage = "its pool was being made";
        var failure = OpenFailures.TimedOut(request, Limit);
        Assert.Equal(HyperConnErrorCode.TimedOut, failure.Code);
        Assert.Contains("while its pool was being made", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ServerOptions.Unlimited, "no limit")]
    [InlineData(7, "limit 7")]
    public void Who_waited_for_a_permit_too_long_is_told_of_the_servers_limit(int limit, string words)
    {
        var server = Server();
        server.Limit = limit;
        Assert.Contains(words, Waited(Pool("acme", server)), StringComparison.Ordinal);
    }

    [Fact]
    public void Who_waited_for_the_tenants_own_permits_too_long_is_told_of_its_own_limit()
    {
        Runtime.Options.Connections.MaxPerTenant = 1;
        var pool = Pool("acme", Server());
        pool.Desk.TakeAnyway(out _);
        Assert.Contains("All 1 connections core/acme may have", Waited(pool), StringComparison.Ordinal);
    }

    [Fact]
    public void Who_waited_while_the_share_of_the_server_had_lapsed_is_told_so()
    {
        var server = Server();
        server.Share = new NodeShare(null!, Runtime.Monotonic);
        Assert.Contains("has no share of the server's connections that holds", Waited(Pool("acme", server)), StringComparison.Ordinal);
    }

    [Fact]
    public void Who_tried_in_vain_until_its_time_was_up_is_told_what_it_met_last()
    {
        var request = Request(Pool("acme", Server()));
        request.LastError = Answer("53300");
        Assert.Contains("has no slot left", OpenFailures.TimedOut(request, Limit).Message, StringComparison.Ordinal);
        request.LastError = null;
        Assert.Equal(HyperConnErrorCode.TimedOut, OpenFailures.TimedOut(request, Limit).Code);
    }

    private string Waited(PoolGeneration pool)
    {
        var request = Request(pool);
        request.WaitsForPermit = true;
        var failure = OpenFailures.TimedOut(request, Limit);
        Assert.Equal(HyperConnErrorCode.BudgetTimedOut, failure.Code);
        return failure.Message;
    }
}
