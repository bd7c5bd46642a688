using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace HyperConn.Diagnostics;

/// <summary>
/// Ready: the secret store answers or its secrets are cached, and at least one server has budget left and a closed circuit. Degraded while
/// some servers fail or the store does; unhealthy when all servers fail, or the store with nothing cached.
/// </summary>
internal sealed class ReadinessCheck(IStatisticsSource source, HyperConnHealthOptions options) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        HyperConnStatistics statistics;
        try
        {
            statistics = await source.GetAsync(cancellationToken).AsTask().WaitAsync(options.Timeout, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception exception)
        {
            return new HealthCheckResult(context.Registration.FailureStatus, $"No statistics within {options.Timeout.TotalSeconds:0.###} s ({exception.GetType().Name}).");
        }

        var faults = new List<string>();
        var worst = HealthStatus.Healthy;
        void Fault(HealthStatus status, string text)
        {
            faults.Add(text);
            if (status < worst)
                worst = status;
        }

        JudgeStore(statistics, Fault);
        JudgeServers(statistics, Fault);
        if (worst == HealthStatus.Unhealthy)
            worst = context.Registration.FailureStatus;
        return new HealthCheckResult(
            worst,
            faults.Count == 0 ? "Tenants can be served." : string.Join(' ', faults),
            data: new Dictionary<string, object>
            {
                ["pools"] = statistics.Pools,
                ["leases"] = statistics.Leases,
                ["waiting"] = statistics.Servers.Sum(s => s.Waiting),
                ["servers"] = statistics.Servers.Count,
                ["circuitsOpen"] = statistics.Circuits.Count(c => c.State != CircuitState.Closed),
                ["secretsCached"] = statistics.Secrets.Cached,
            });
    }

    private static void JudgeStore(HyperConnStatistics statistics, Action<HealthStatus, string> fault)
    {
        var secrets = statistics.Secrets;
        if (secrets.LastStoreFailureAt is not { } failed || failed <= secrets.LastAnswerAt)
            return;
        if (secrets.Cached > 0)
            fault(HealthStatus.Degraded, $"The secret store fails ({secrets.LastStoreFailure}); {secrets.Cached} cached secrets go on serving.");
        else
            fault(HealthStatus.Unhealthy, $"The secret store fails ({secrets.LastStoreFailure}) and nothing is cached.");
    }

    private void JudgeServers(HyperConnStatistics statistics, Action<HealthStatus, string> fault)
    {
        var open = statistics.Circuits.Where(c => c.State != CircuitState.Closed).Select(c => c.Scope).OfType<CircuitScope.Server>().Select(s => s.Endpoint).ToHashSet();
        var unreachable = statistics.Servers.Count(s => open.Contains(s.Server));
        var spent = statistics.Servers.Count(s => !open.Contains(s.Server) && IsExhausted(s));
        var status = unreachable + spent == statistics.Servers.Count ? HealthStatus.Unhealthy : HealthStatus.Degraded;
        if (unreachable > 0)
            fault(status, $"{unreachable} of {statistics.Servers.Count} servers can't be reached (circuit open).");
        if (spent > 0)
            fault(status, $"The budget of {spent} of {statistics.Servers.Count} servers is spent and callers wait longer than {options.MaxWait.TotalSeconds:0.###} s.");
    }

    private bool IsExhausted(ServerStatistics server) =>
        server.Limit is { } limit && server.InUse >= limit && server.Waiting > 0 && server.OldestWait > options.MaxWait;
}
