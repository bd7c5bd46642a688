using System.Net.Sockets;
using HyperConn.Chaos.Observations;
using HyperConn.Chaos.Oracles;
using Npgsql;

namespace HyperConn.Tests.Chaos;

/// <summary>Which errors a fault explains, and what an exception's class is.</summary>
public class ErrorOracleSpecs
{
    private static readonly TenantKey Tenant = TenantKey.Create("core", "acme");

    private readonly ErrorOracle _oracle = new();
    private readonly FaultWindow _window =
        new("kill", "", TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(5), [Allowance.At([Site.Direct], ErrorClass.Broken)]);

    [Theory]
    [InlineData(9, 11, true)]
    [InlineData(12, 13, true)]
    [InlineData(24, 30, true)]
    [InlineData(1, 9, false)]
    [InlineData(26, 27, false)]
    public void A_fault_explains_errors_of_work_it_touched(double began, double failed, bool isExplained)
    {
        _window.End(TimeSpan.FromSeconds(20));
        _oracle.Judge(Error(began, failed), [_window]);
        Assert.Equal(isExplained ? 0 : 1, _oracle.Found);
    }

    [Fact]
    public void A_fault_in_force_has_no_end()
    {
        _oracle.Judge(Error(500, 501), [_window]);
        Assert.Equal(0, _oracle.Found);
        Assert.Equal(1, _oracle.Explained[("kill", ErrorClass.Broken)]);
    }

    [Fact]
    public void An_error_of_another_class_or_at_another_site_is_found()
    {
        _oracle.Judge(Error(11, 12) with { Class = ErrorClass.Timeout }, [_window]);
        _oracle.Judge(Error(11, 12) with { Site = Site.Replicated }, [_window]);
        Assert.Equal(2, _oracle.Found);
        Assert.All(_oracle.Findings, finding => Assert.Contains("with kill in force", finding.What, StringComparison.Ordinal));
    }

    [Fact]
    public void An_error_without_any_fault_is_found()
    {
        _oracle.Judge(Error(11, 12), []);
        Assert.Contains("with no fault in force", Assert.Single(_oracle.Findings).What, StringComparison.Ordinal);
    }

    [Fact]
    public void An_allowance_of_single_tenants_covers_nobody_else()
    {
        var window = _window with { Allowed = [Allowance.Of([Tenant], ErrorClass.Broken), Allowance.Of(["beta"], ErrorClass.Timeout)] };
        _oracle.Judge(Error(11, 12), [window]);
        _oracle.Judge(Error(11, 12) with { Tenant = TenantKey.Create("core", "beta"), Class = ErrorClass.Timeout }, [window]);
        Assert.Equal(0, _oracle.Found);
        _oracle.Judge(Error(11, 12) with { Tenant = TenantKey.Create("core", "beta") }, [window]);
        Assert.Equal(1, _oracle.Found);
    }

    public static TheoryData<Exception, string> Exceptions => new()
    {
        { new HyperConnException(new HyperConnFailure(HyperConnErrorCode.Paused, "")), "HyperConn Paused" },
        { new InvalidOperationException("", new HyperConnException(new HyperConnFailure(HyperConnErrorCode.TimedOut, ""), new TimeoutException())), "HyperConn TimedOut" },
        { new InvalidOperationException("", new PostgresException("", "", "", "57P01")), "SQLSTATE 57P01" },
        { new NpgsqlException("", new TimeoutException()), ErrorClass.Timeout },
        { new NpgsqlException("", new EndOfStreamException()), ErrorClass.Broken },
        { new NpgsqlException("", new IOException("", new SocketException())), ErrorClass.Broken },
        { new InvalidOperationException("Connection is not open"), ErrorClass.Broken },
        { new ArithmeticException(), "ArithmeticException" },
        { new TimeoutException(), "TimeoutException" },
    };

    [Theory]
    [MemberData(nameof(Exceptions))]
    public void An_exception_is_of_the_class_of_what_says_most(Exception exception, string expected) => Assert.Equal(expected, ErrorClass.Of(exception));

    private static ErrorFact Error(double began, double failed) =>
        new(TimeSpan.FromSeconds(began), TimeSpan.FromSeconds(failed), Site.Direct, Tenant, "plain", ErrorClass.Broken, "");
}
