using Akka.Actor;
using Akka.Hosting;
using HyperConn;
using HyperConn.Diagnostics;
using Microsoft.Extensions.Diagnostics.HealthChecks;

// Where ASP.NET Core users look for it.
namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds HyperConn to the application's health checks.</summary>
public static class HyperConnHealthChecks
{
    /// <summary>Name and tag of the check that the actor system answers.</summary>
    public const string Live = "live";

    /// <summary>Tag of the check that tenants can be served.</summary>
    public const string Ready = "ready";

    /// <summary>
    /// Adds <c>hyperconn-live</c> (tag <c>live</c>: the supervisor answers in time) and <c>hyperconn-ready</c> (tag <c>ready</c>: the secret
    /// store answers or its secrets are cached, budgets are not exhausted, circuits are closed). Neither opens a connection.
    /// </summary>
    /// <param name="builder">The health checks.</param>
    /// <param name="configure">Changes what is tolerated.</param>
    /// <returns>The same builder.</returns>
    public static IHealthChecksBuilder AddHyperConn(this IHealthChecksBuilder builder, Action<HyperConnHealthOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var options = new HyperConnHealthOptions();
        configure?.Invoke(options);
        return builder
            .Add(new HealthCheckRegistration(
                "hyperconn-live",
                services => new LivenessCheck(token => PingAsync(services, options.Timeout, token), options.Timeout),
                HealthStatus.Unhealthy,
                [Live, "hyperconn"]))
            .Add(new HealthCheckRegistration(
                "hyperconn-ready",
                services => new ReadinessCheck(services.GetRequiredService<IStatisticsSource>(), options),
                HealthStatus.Unhealthy,
                [Ready, "hyperconn"]));
    }

    // Identify goes through the supervisor's mailbox like everything else, and every actor answers it.
    private static async Task PingAsync(IServiceProvider services, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var supervisor = await services.GetRequiredService<IRequiredActor<PoolSupervisor>>().GetAsync(cancellationToken).ConfigureAwait(false);
        await supervisor.Ask<ActorIdentity>(new Identify(null), timeout, cancellationToken).ConfigureAwait(false);
    }
}
