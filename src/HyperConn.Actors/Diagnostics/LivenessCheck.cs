using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace HyperConn.Diagnostics;

/// <summary>Alive: the supervisor answers within the time-out.</summary>
internal sealed class LivenessCheck(Func<CancellationToken, Task> ping, TimeSpan timeout) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await ping(cancellationToken).WaitAsync(timeout, cancellationToken).ConfigureAwait(false);
            return HealthCheckResult.Healthy("The pool supervisor answers.");
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception exception)
        {
            return new HealthCheckResult(
                context.Registration.FailureStatus,
                $"The pool supervisor did not answer within {timeout.TotalSeconds:0.###} s ({exception.GetType().Name}).");
        }
    }
}
