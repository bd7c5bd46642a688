using System.Data.Common;
using Npgsql;

namespace HyperConn.Tests;

public class HyperConnExceptionSpecs
{
    public static TheoryData<HyperConnErrorCode, bool> Codes => new()
    {
        { HyperConnErrorCode.Internal, true },
        { HyperConnErrorCode.NotConfigured, false },
        { HyperConnErrorCode.InvalidTenant, false },
        { HyperConnErrorCode.ServiceNotAllowed, false },
        { HyperConnErrorCode.SecretNotFound, false },
        { HyperConnErrorCode.KeyNotFound, false },
        { HyperConnErrorCode.SecretMalformed, false },
        { HyperConnErrorCode.AccessDenied, false },
        { HyperConnErrorCode.StoreUnavailable, true },
        { HyperConnErrorCode.StoreThrottled, true },
        { HyperConnErrorCode.TimedOut, true },
        { HyperConnErrorCode.ShuttingDown, false },
        { HyperConnErrorCode.CapacityReached, true },
        { HyperConnErrorCode.BudgetTimedOut, true },
        { HyperConnErrorCode.WaitersFull, true },
        { HyperConnErrorCode.LoginRefused, false },
        { HyperConnErrorCode.DatabaseUnavailable, false },
        { HyperConnErrorCode.ServerUnreachable, true },
        { HyperConnErrorCode.ConnectionFailed, false },
        { HyperConnErrorCode.Paused, true },
        { HyperConnErrorCode.Banned, false },
    };

    [Theory]
    [MemberData(nameof(Codes))]
    public void Is_transient_where_asking_again_can_help_though_nobody_changes_anything(HyperConnErrorCode code, bool transient) =>
        Assert.Equal(transient, Of(code).IsTransient);

    [Fact]
    public void Every_code_was_thought_of() => Assert.Equal(Enum.GetValues<HyperConnErrorCode>().Order(), Codes.Select(row => (HyperConnErrorCode)row[0]).Order());

    [Theory]
    [InlineData(PostgresErrorCodes.DiskFull, true)]
    [InlineData(PostgresErrorCodes.InvalidParameterValue, false)]
    public void A_refusal_for_another_reason_is_as_transient_as_PostgreSQL_says(string state, bool transient) =>
        Assert.Equal(transient, Of(HyperConnErrorCode.ConnectionFailed, Answer(state)).IsTransient);

    [Fact]
    public void A_code_that_needs_a_change_is_not_transient_whatever_the_cause_says() =>
        Assert.False(Of(HyperConnErrorCode.DatabaseUnavailable, Answer(PostgresErrorCodes.ObjectNotInPrerequisiteState)).IsTransient);

    [Fact]
    public void Has_the_SQLSTATE_PostgreSQL_answered_with_however_deep_it_lies()
    {
        Assert.Equal("28P01", Of(HyperConnErrorCode.LoginRefused, Answer("28P01")).SqlState);
        Assert.Equal("28P01", Of(HyperConnErrorCode.LoginRefused, new NpgsqlException("wrapped", Answer("28P01"))).SqlState);
        Assert.Null(Of(HyperConnErrorCode.ServerUnreachable, new NpgsqlException("away", new TimeoutException())).SqlState);
        Assert.Null(Of(HyperConnErrorCode.SecretNotFound).SqlState);
    }

    [Fact]
    public void Has_the_number_of_its_code_as_error_code() => Assert.Equal(31, Of(HyperConnErrorCode.DatabaseUnavailable).ErrorCode);

    [Fact]
    public void Is_caught_as_a_failure_of_the_database()
    {
        try
        {
            throw Of(HyperConnErrorCode.TimedOut);
        }
        catch (DbException caught)
        {
            Assert.Equal(HyperConnErrorCode.TimedOut, Assert.IsType<HyperConnException>(caught).Code);
        }
    }

    [Theory]
    [InlineData(HyperConnErrorCode.StoreThrottled, 3)]
    [InlineData(HyperConnErrorCode.SecretNotFound, 1)]
    public void A_retry_policy_that_knows_nothing_but_DbException_tries_again_what_can_get_better(HyperConnErrorCode code, int expected)
    {
        // As the strategies of EF Core and Polly are written: ShouldHandle = e => e is DbException { IsTransient: true }.
        static bool ShouldHandle(Exception e) => e is DbException { IsTransient: true };
        var attempts = 0;
        for (var again = true; again && attempts < 3;)
        {
            attempts++;
            try
            {
                throw Of(code);
            }
            catch (Exception e)
            {
                again = ShouldHandle(e);
            }
        }

        Assert.Equal(expected, attempts);
    }

    private static HyperConnException Of(HyperConnErrorCode code, Exception? inner = null) => new(new HyperConnFailure(code, "what happened"), inner);

    private static PostgresException Answer(string state) => new("no", "FATAL", "FATAL", state);
}
