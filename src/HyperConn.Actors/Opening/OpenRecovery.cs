using HyperConn.Leases;
using HyperConn.Primitives;
using HyperConn.Servers;

namespace HyperConn.Opening;

/// <summary>What follows from an open that failed: for the memory of failures, and for the caller, who tries again or is told why not.</summary>
internal sealed class OpenRecovery(OpenRuntime runtime)
{
    /// <summary>Does what the fault calls for. Returns when another try makes sense, throws when it does not.</summary>
    public async ValueTask RecoverAsync(OpenAttempt attempt, FailedOpen failed, CancellationToken cancellationToken)
    {
        var pool = failed.Pool;
        var fault = OpenFaults.Of(failed.Exception);
        var failure = OpenFailures.Connect(pool, fault, failed.Exception);
        attempt.LastError = failed.Exception;
        if (fault == OpenFault.PoolFull)
        {
            // The server was not asked, so this says nothing about it.
            attempt.Stage = "connection objects took up its pool";
            await Task.Delay(attempt.NextFullDelay(), runtime.Leases.Time, cancellationToken).ConfigureAwait(false);
            return;
        }

        attempt.ServerReported = true;
        if (fault is OpenFault.Unreachable or OpenFault.NoAnswer)
        {
            await RecoverServerAsync(attempt, failed, fault, failure, cancellationToken).ConfigureAwait(false);
            return;
        }

        if (pool.Health.ReportReachable(pool.Tenant))
            OpenLog.ServerReachable(runtime.Leases.Logger, pool.ServerName);

        // A late failure of older credentials says nothing about the ones in use now.
        var isLate = !ReferenceEquals(attempt.Handle.Current, pool) || pool.Credentials.SecretVersion != failed.SecretVersion;
        switch (fault)
        {
            case OpenFault.LoginRefused or OpenFault.DatabaseUnavailable or OpenFault.CredentialsExpired when isLate:
                return;
            case OpenFault.CredentialsExpired:
                if (!await AskForNewerAsync(attempt, failed, expired: true, cancellationToken).ConfigureAwait(false))
                    throw new HyperConnException(failure, failed.Exception);
                return;
            case OpenFault.LoginRefused:
                await RecoverLoginAsync(attempt, failed, failure, cancellationToken).ConfigureAwait(false);
                return;
            case OpenFault.ServerFull or OpenFault.TenantFull:
                attempt.Stage = "the server had no free slot";
                if (fault == OpenFault.ServerFull)
                    pool.ReportServerFull();
                else
                    pool.ReportTenantFull();
                await Task.Delay(attempt.NextFullDelay(), runtime.Leases.Time, cancellationToken).ConfigureAwait(false);
                return;
            case OpenFault.DatabaseUnavailable:
                attempt.LoginReported = true;
                if (attempt.Handle.Login.Failed(failure, failed.LoginPass, answerAtOnce: true))
                    OpenLog.DatabaseUnavailable(runtime.Leases.Logger, pool.Tenant);
                throw new HyperConnException(attempt.Handle.Login.Cause ?? failure, failed.Exception);
            default:
                throw new HyperConnException(failure, failed.Exception);
        }
    }

    private async ValueTask RecoverServerAsync(
        OpenAttempt attempt, FailedOpen failed, OpenFault fault, HyperConnFailure failure, CancellationToken cancellationToken)
    {
        var pool = failed.Pool;
        var means = fault == OpenFault.Unreachable || failed.ServerPass.IsProbe
            ? NoAnswerMeans.Server
            : pool.Health.ReportNoAnswer(pool.Tenant, IsAlone(pool));
        if (means == NoAnswerMeans.Server)
        {
            if (pool.Health.ReportUnreachable(failure, failed.ServerPass))
                OpenLog.ServerUnreachable(runtime.Leases.Logger, pool.ServerName, failure.Code);
            return;
        }

        if (means == NoAnswerMeans.Tenant)
        {
            attempt.LoginReported = true;
            if (attempt.Handle.Login.Failed(failure, failed.LoginPass))
                OpenLog.TenantUnanswered(runtime.Leases.Logger, pool.ServerName, pool.Tenant);
            return;
        }

        await Task.Delay(attempt.NextFullDelay(), runtime.Leases.Time, cancellationToken).ConfigureAwait(false);
    }

    private bool IsAlone(PoolGeneration pool) => !runtime.Leases.Generations.Keys.Any(
        other => other.Tenant != pool.Tenant && ReferenceEquals(other.Health, pool.Health) && other.Word.Permits > 0);

    private async ValueTask RecoverLoginAsync(OpenAttempt attempt, FailedOpen failed, HyperConnFailure failure, CancellationToken cancellationToken)
    {
        // However many callers the tenant has, one of them asks for newer credentials; the others wait for what it finds.
        var login = attempt.Handle.Login;
        attempt.LoginReported = true;
        if (login.Suspect(failure, failed.LoginPass) is not { } pass)
            return;
        if (failed.LoginPass == CircuitPass.Closed)
            failed.Pool.SendQueueBack();
        var asked = false;
        try
        {
            var changed = await AskForNewerAsync(attempt, failed, expired: false, cancellationToken).ConfigureAwait(false);
            asked = true;
            if (changed)
                login.Reset();
            else if (login.Failed(failure, pass))
                OpenLog.LoginRefused(runtime.Leases.Logger, failed.Pool.Tenant, failed.SecretVersion);
        }
        finally
        {
            if (!asked)
                login.ProbeAbandoned(pass);
        }
    }

    private static async ValueTask<bool> AskForNewerAsync(OpenAttempt attempt, FailedOpen failed, bool expired, CancellationToken cancellationToken)
    {
        var newer = failed.Pool.Owner.AskForNewerCredentialsAsync(failed.Pool, failed.SecretVersion, expired);
        attempt.Stage = "newer credentials were being fetched";
        await Task.WhenAny(newer, failed.Pool.Retired).WaitAsync(cancellationToken).ConfigureAwait(false);
        return !newer.IsCompletedSuccessfully || await newer.ConfigureAwait(false);
    }
}
