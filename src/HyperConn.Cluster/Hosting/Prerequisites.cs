using Akka.Actor;
using Akka.Configuration;
using Akka.DependencyInjection;
using HyperConn.Configuration;
using HyperConn.Pools;

namespace HyperConn.Cluster.Hosting;

/// <summary>What each part of the cluster needs before it starts, and the error where that is missing.</summary>
internal static class Prerequisites
{
    /// <summary>The pools of a node of a cluster.</summary>
    /// <param name="system">The actor system.</param>
    /// <param name="resolver">Its container.</param>
    /// <param name="part">The call that needs them, such as <c>WithHyperConnCluster()</c>.</param>
    public static PoolRuntime RuntimeFor(ActorSystem system, IDependencyResolver resolver, string part)
    {
        if (!system.Settings.HasCluster)
            throw NotConfigured($"{part} needs WithClustering(...), which makes the actor system a node of a cluster.");
        if (resolver.GetService<PoolRuntime>() is not { } runtime || runtime.Supervisor.IsNobody())
            throw NotConfigured($"Call WithHyperConn() before {part}.");
        return runtime;
    }

    /// <summary>Options from a section of HOCON and from code, which wins.</summary>
    public static T Bind<T>(Config config, string section, Action<T>? configure, Func<T, IEnumerable<string>> faultsOf)
        where T : class, new()
    {
        var options = new T();
        var faults = new ConfigurationFaults();
        HoconBinder.BindSection(config, section, options, faults);
        configure?.Invoke(options);
        string[] all = [.. faults.All, .. faultsOf(options)];
        return all.Length == 0 ? options : throw NotConfigured(string.Join(" ", all));
    }

    public static HyperConnException NotConfigured(string message) => new(new HyperConnFailure(HyperConnErrorCode.NotConfigured, message));
}
