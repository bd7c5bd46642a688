using System.Data.Common;
using Npgsql;

namespace HyperConn;

/// <summary>The one exception the library throws for anything that went wrong on the way to a tenant's connection.</summary>
/// <remarks>
/// <para>Misuse of an argument still gets an <see cref="ArgumentException"/>, and cancellation by the caller an
/// <see cref="OperationCanceledException"/>. What PostgreSQL said is the <see cref="Exception.InnerException"/>. Being an
/// <see cref="NpgsqlException"/>, and so a <see cref="DbException"/>, it is handled by what handles failures of PostgreSQL already:
/// <c>catch (NpgsqlException)</c>, retry policies that read <see cref="IsTransient"/>, and Entity Framework Core's
/// <c>EnableRetryOnFailure</c>.</para>
/// <list type="table">
/// <listheader><term>Code</term><description><see cref="IsTransient"/>, that is, asking again later can help though nobody changes
/// anything</description></listheader>
/// <item><term><see cref="HyperConnErrorCode.Internal"/></term><description>Yes: what crashed is made anew.</description></item>
/// <item><term><see cref="HyperConnErrorCode.NotConfigured"/>, <see cref="HyperConnErrorCode.InvalidTenant"/>,
/// <see cref="HyperConnErrorCode.ServiceNotAllowed"/></term><description>No: the settings or the call must change.</description></item>
/// <item><term><see cref="HyperConnErrorCode.SecretNotFound"/>, <see cref="HyperConnErrorCode.KeyNotFound"/>,
/// <see cref="HyperConnErrorCode.SecretMalformed"/>, <see cref="HyperConnErrorCode.AccessDenied"/></term><description>No: somebody must
/// write the secret or grant access.</description></item>
/// <item><term><see cref="HyperConnErrorCode.StoreUnavailable"/>, <see cref="HyperConnErrorCode.StoreThrottled"/></term><description>Yes:
/// the store recovers.</description></item>
/// <item><term><see cref="HyperConnErrorCode.TimedOut"/></term><description>Yes: what took too long goes on, and is there
/// sooner next time.</description></item>
/// <item><term><see cref="HyperConnErrorCode.CapacityReached"/>, <see cref="HyperConnErrorCode.BudgetTimedOut"/>,
/// <see cref="HyperConnErrorCode.WaitersFull"/></term><description>Yes: connections come free as others close theirs.</description></item>
/// <item><term><see cref="HyperConnErrorCode.ShuttingDown"/></term><description>No: this process hands out no connection any
/// more.</description></item>
/// <item><term><see cref="HyperConnErrorCode.LoginRefused"/>, <see cref="HyperConnErrorCode.DatabaseUnavailable"/></term><description>No:
/// newer credentials were asked for already; the secret, the role or the database must change.</description></item>
/// <item><term><see cref="HyperConnErrorCode.ServerUnreachable"/></term><description>Yes: servers restart and networks
/// recover.</description></item>
/// <item><term><see cref="HyperConnErrorCode.ConnectionFailed"/></term><description>As the inner exception says, where it is a
/// <see cref="DbException"/> (a full disk: yes; an unknown option: no); otherwise no.</description></item>
/// <item><term><see cref="HyperConnErrorCode.Paused"/></term><description>Yes: a pause is meant for short works.</description></item>
/// <item><term><see cref="HyperConnErrorCode.Banned"/></term><description>No: an operator wants the tenant refused; a ban may last
/// days. <see cref="HyperConnFailure.RetryAt"/> says when it ends.</description></item>
/// </list>
/// </remarks>
public sealed class HyperConnException : NpgsqlException
{
    /// <summary>Makes an exception of a failure.</summary>
    /// <param name="failure">The failure.</param>
    /// <param name="innerException">What caused it, if anything.</param>
    public HyperConnException(HyperConnFailure failure, Exception? innerException = null)
        : base((failure ?? throw new ArgumentNullException(nameof(failure))).Message, innerException) => Failure = failure;

    /// <summary>The failure: code, message, tenant and when to try again.</summary>
    public HyperConnFailure Failure { get; }

    /// <summary>Stable code of what went wrong.</summary>
    public HyperConnErrorCode Code => Failure.Code;

    /// <summary>The tenant concerned, where one is known.</summary>
    public TenantKey? Tenant => Failure.Tenant;

    /// <summary>Whether asking again later can help though nobody changes anything; the table above says it for each code.</summary>
    public override bool IsTransient => Code switch
    {
        HyperConnErrorCode.Internal
            or HyperConnErrorCode.StoreUnavailable
            or HyperConnErrorCode.StoreThrottled
            or HyperConnErrorCode.TimedOut
            or HyperConnErrorCode.CapacityReached
            or HyperConnErrorCode.BudgetTimedOut
            or HyperConnErrorCode.WaitersFull
            or HyperConnErrorCode.ServerUnreachable
            or HyperConnErrorCode.Paused => true,
        HyperConnErrorCode.ConnectionFailed => InnerDbExceptions().FirstOrDefault()?.IsTransient == true,
        _ => false,
    };

    /// <summary>The SQLSTATE PostgreSQL answered with, five characters; null when it was not PostgreSQL that refused.</summary>
    public override string? SqlState => InnerDbExceptions().Select(inner => inner.SqlState).FirstOrDefault(state => state is not null);

    /// <summary>The number of <see cref="Code"/>.</summary>
    public override int ErrorCode => (int)Code;

    private IEnumerable<DbException> InnerDbExceptions()
    {
        for (var inner = InnerException; inner is not null; inner = inner.InnerException)
        {
            if (inner is DbException found)
                yield return found;
        }
    }
}
