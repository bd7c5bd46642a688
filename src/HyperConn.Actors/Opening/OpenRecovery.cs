using HyperConn.Leases;
using HyperConn.Primitives;
using HyperConn.Servers;
using Npgsql;

namespace HyperConn.Opening;

/// <summary>What follows from an open that failed: for the memory of failures, and for the caller, who tries again or is told why not.</summary>
internal sealed class OpenRecovery(OpenRuntime runtime, ServerCapacity capacity)
{
    /// <summary>Does what the fault calls for. Returns when another try makes sense, throws when it does not.</summary>
    public async ValueTask RecoverAsync(OpenRequest request, PoolGeneration pool, Exception exception, CancellationToken cancellationToken)
    {
        var fault = Fault(pool, exception);
        var failure = OpenFailures.Connect(pool, fault, exception);
        request.LastError = exception;
        if (fault == OpenFault.PoolFull)
        {
            // The server was not asked, so this says nothing about it.
            request.Stage = "connection objects took up its pool";
            await request.PauseAsync(request.NextFullDelay(), runtime.Leases.Time, cancellationToken).ConfigureAwait(false);
            return;
        }

        request.ServerReported = true;
        if (fault is OpenFault.Unreachable or OpenFault.NoAnswer)
        {
            await RecoverServerAsync(request, pool, fault, failure, exception is not PostgresException, cancellationToken).ConfigureAwait(false);
            return;
        }

        if (pool.Health.ReportReachable(pool.Tenant) && !pool.View.IsPooled)
            OpenLog.ServerReachable(runtime.Leases.Logger, pool.ServerName);

        // A late failure of older credentials says nothing about the ones in use now.
        var isLate = !ReferenceEquals(request.Handle!.Current, pool) || pool.Credentials.SecretVersion != request.SecretVersion;
        switch (fault)
        {
            case OpenFault.LoginRefused or OpenFault.DatabaseUnavailable or OpenFault.CredentialsExpired when isLate:
                return;
            case OpenFault.CredentialsExpired:
                if (!await AskForNewerAsync(request, pool, expired: true, cancellationToken).ConfigureAwait(false))
                    throw new HyperConnException(failure, exception);
                return;
            case OpenFault.LoginRefused:
                await RecoverLoginAsync(request, pool, failure, cancellationToken).ConfigureAwait(false);
                return;
            case OpenFault.ServerFull or OpenFault.TenantFull or OpenFault.PoolerFull:
                request.Stage = "the server had no free slot";
                if (fault == OpenFault.ServerFull)
                    pool.Desk.Permits.ReportServerFull();
                else
                    pool.Desk.IsAtMax(learn: true);
                await request.PauseAsync(request.NextFullDelay(), runtime.Leases.Time, cancellationToken).ConfigureAwait(false);
                return;
            case OpenFault.DatabaseUnavailable:
                request.LoginReported = true;
                if (request.Handle!.Login.Failed(failure, request.Lease.LoginProbe, answerAtOnce: true))
                    OpenLog.DatabaseUnavailable(runtime.Leases.Logger, pool.Tenant);
                throw new HyperConnException(request.Handle!.Login.Cause ?? failure, exception);
            case OpenFault.ParameterRefused or OpenFault.SearchPathLost:
                request.LoginReported = true;
                if (request.Handle!.Login.Failed(failure, request.Lease.LoginProbe, answerAtOnce: true))
                    OpenLog.StartRefused(runtime.Leases.Logger, pool.ServerName, pool.Tenant);
                throw new HyperConnException(request.Handle!.Login.Cause ?? failure, exception);
            default:
                throw new HyperConnException(failure, exception);
        }
    }

    /// <summary>
    /// The fault, as far as one answer tells it. A pooler that keeps a session waiting has either no server or no connection of it left: where
    /// the tenant has others, it is the latter.
    /// </summary>
    private OpenFault Fault(PoolGeneration pool, Exception exception)
    {
        if (PoolerAnswers.IsPoolers(exception) && pool.Shares is [var only])
            capacity.FoundPooler(only.Server);
        var fault = OpenFaults.Of(exception);
        if (fault == OpenFault.PoolerFull || (fault == OpenFault.NoAnswer && pool.View.IsPooled))
            return pool.Word.Permits > 0 ? OpenFault.PoolerFull : fault == OpenFault.PoolerFull ? OpenFault.Unreachable : fault;
        return fault;
    }

    private async ValueTask RecoverServerAsync(
        OpenRequest request, PoolGeneration pool, OpenFault fault, HyperConnFailure failure, bool isPoolerAway, CancellationToken cancellationToken)
    {
        var means = fault == OpenFault.Unreachable || request.Lease.ServerProbe.IsProbe
            ? NoAnswerMeans.Server
            : pool.Health.ReportNoAnswer(pool.Tenant, IsAlone(pool));
        if (means == NoAnswerMeans.Server)
        {
            pool.Connections.ForgetHosts();
            var isNews = pool.Health.ReportUnreachable(failure, request.Lease.ServerProbe);

            // Behind a pooler each tenant finds out for itself; that the pooler is away is said once.
            if (pool.View.IsPooled && pool.Shares is [var only])
                isNews = isPoolerAway ? only.Server.Health.ReportUnreachable(failure, CircuitPass.Closed) : isNews;
            if (isNews)
                OpenLog.ServerUnreachable(runtime.Leases.Logger, pool.ServerName, failure.Code);
            return;
        }

        if (means == NoAnswerMeans.Tenant)
        {
            request.LoginReported = true;
            if (request.Handle!.Login.Failed(failure, request.Lease.LoginProbe))
                OpenLog.TenantUnanswered(runtime.Leases.Logger, pool.ServerName, pool.Tenant);
            return;
        }

        await request.PauseAsync(request.NextFullDelay(), runtime.Leases.Time, cancellationToken).ConfigureAwait(false);
    }

    private bool IsAlone(PoolGeneration pool) => !runtime.Generations.Any(
        other => other.Tenant != pool.Tenant && ReferenceEquals(other.Health, pool.Health) && other.Word.Permits > 0);

    private async ValueTask RecoverLoginAsync(OpenRequest request, PoolGeneration pool, HyperConnFailure failure, CancellationToken cancellationToken)
    {
        // However many callers the tenant has, one of them asks for newer credentials; the others wait for what it finds.
        var login = request.Handle!.Login;
        request.LoginReported = true;
        if (login.Suspect(failure, request.Lease.LoginProbe) is not { } pass)
            return;
        if (request.Lease.LoginProbe == CircuitPass.Closed)
            pool.Desk.SendQueueBack();
        var asked = false;
        try
        {
            var changed = await AskForNewerAsync(request, pool, expired: false, cancellationToken).ConfigureAwait(false);
            asked = true;
            if (changed)
                login.Reset();
            else if (login.Failed(failure, pass))
                OpenLog.LoginRefused(runtime.Leases.Logger, pool.Tenant, request.SecretVersion);
        }
        finally
        {
            if (!asked)
                login.ProbeAbandoned(pass);
        }
    }

    private static async ValueTask<bool> AskForNewerAsync(OpenRequest request, PoolGeneration pool, bool expired, CancellationToken cancellationToken)
    {
        var newer = pool.Owner.AskForNewerCredentialsAsync(pool, request.SecretVersion, expired);
        request.Stage = "newer credentials were being fetched";
        await request.WaitAnyAsync(cancellationToken, newer, pool.End.Begun).ConfigureAwait(false);
        return !newer.IsCompletedSuccessfully || await newer.ConfigureAwait(false);
    }
}
