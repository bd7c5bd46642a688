using HyperConn.Diagnostics;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace HyperConn.Tests.Diagnostics;

/// <summary>Alive, and ready to serve tenants.</summary>
public sealed class HealthCheckSpecs
{
    [Fact]
    public async Task Alive_means_that_the_supervisor_answers_in_time()
    {
        var well = await Check(new LivenessCheck(_ => Task.CompletedTask, TimeSpan.FromSeconds(1)));
        var stuck = await Check(new LivenessCheck(_ => new TaskCompletionSource().Task, TimeSpan.FromMilliseconds(20)));

        Assert.Equal(HealthStatus.Healthy, well.Status);
        Assert.Equal(HealthStatus.Unhealthy, stuck.Status);
    }

    public static TheoryData<string, HealthStatus> Situations => new()
    {
        { "well", HealthStatus.Healthy },
        { "store down, secrets cached", HealthStatus.Degraded },
        { "store down, nothing cached", HealthStatus.Unhealthy },
        { "store recovered", HealthStatus.Healthy },
        { "one of two servers away", HealthStatus.Degraded },
        { "both servers away", HealthStatus.Unhealthy },
        { "budget spent, long wait", HealthStatus.Degraded },
        { "budget spent, short wait", HealthStatus.Healthy },
        { "one away, other spent", HealthStatus.Unhealthy },
    };

    [Theory]
    [MemberData(nameof(Situations))]
    public async Task Ready_means_that_tenants_can_be_served(string situation, HealthStatus expected)
    {
        ServerStatistics Server(string name, bool spent = false, double wait = 0) =>
            new(ServerEndpoint.Parse(name), 10, spent ? 10 : 3, 0, spent ? 4 : 0, TimeSpan.FromSeconds(wait), 0, 0, 0, 0, 1);
        CircuitStatistics Away(string name) => Samples.Open(new CircuitScope.Server(ServerEndpoint.Parse(name)), HyperConnErrorCode.ServerUnreachable);
        var well = Samples.Statistics() with { Servers = [Server("a:1"), Server("b:1")], Circuits = [] };
        var down = Samples.Fetcher() with { LastAnswerAt = Samples.Now, LastStoreFailureAt = Samples.Now.AddSeconds(1), LastStoreFailure = HyperConnErrorCode.StoreUnavailable };
        var statistics = situation switch
        {
            "store down, secrets cached" => well with { Secrets = down },
            "store down, nothing cached" => well with { Secrets = down with { Cached = 0 } },
            "store recovered" => well with { Secrets = down with { LastAnswerAt = Samples.Now.AddSeconds(2) } },
            "one of two servers away" => well with { Circuits = [Away("A:1")] },
            "both servers away" => well with { Circuits = [Away("a:1"), Away("b:1")] },
            "budget spent, long wait" => well with { Servers = [Server("a:1", spent: true, wait: 9), Server("b:1")] },
            "budget spent, short wait" => well with { Servers = [Server("a:1", spent: true, wait: 1), Server("b:1")] },
            "one away, other spent" => well with { Servers = [Server("a:1"), Server("b:1", spent: true, wait: 9)], Circuits = [Away("a:1")] },
            _ => well,
        };

        Assert.Equal(expected, (await Check(new ReadinessCheck(new FixedStatistics(statistics), new HyperConnHealthOptions()))).Status);
    }

    private static async Task<HealthCheckResult> Check(IHealthCheck check) => await check.CheckHealthAsync(
        new HealthCheckContext { Registration = new HealthCheckRegistration("x", check, HealthStatus.Unhealthy, []) });
}
