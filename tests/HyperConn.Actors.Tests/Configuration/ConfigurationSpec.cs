using Akka.Configuration;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace HyperConn.Tests.Configuration;

/// <summary>Settings as an application gets them: through the container.</summary>
public abstract class ConfigurationSpec
{
    private protected static HyperConnOptions Resolve(
        Action<HyperConnOptions>? code = null, string? hocon = null, params (string Key, string? Value)[] values)
    {
        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder()
            .AddInMemoryCollection(values.Select(pair => KeyValuePair.Create("HyperConn:" + pair.Key, pair.Value))).Build());
        services.AddHyperConn(code, hocon is null ? null : ConfigurationFactory.ParseString(hocon));
        using var provider = services.BuildServiceProvider();

        // What the host does at start.
        provider.GetRequiredService<IStartupValidator>().Validate();
        return provider.GetRequiredService<IOptions<HyperConnOptions>>().Value;
    }

    private protected static string[] Faults(
        Action<HyperConnOptions>? code = null, string? hocon = null, params (string Key, string? Value)[] values) =>
        [.. Assert.Throws<OptionsValidationException>(() => Resolve(code, hocon, values)).Failures];
}
