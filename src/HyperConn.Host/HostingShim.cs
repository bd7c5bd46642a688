using Akka.Hosting;

namespace HyperConn;

/// <summary>Stands in for the library's registration until it is merged.</summary>
internal static class HostingShim
{
    public static IServiceCollection AddHyperConn(this IServiceCollection services, Action<HyperConnOptions> configure) => services.Configure(configure);

    public static AkkaConfigurationBuilder WithHyperConn(this AkkaConfigurationBuilder builder) => builder;
}
