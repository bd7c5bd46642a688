using Microsoft.Extensions.Configuration;

namespace HyperConn;

/// <summary>Reads settings from <c>IConfiguration</c>.</summary>
internal static class ConfigurationSource
{
    private const string LimitKey = "Servers:MaxConnections";

    public static void Bind(IConfigurationSection section, HyperConnOptions options, ConfigurationFaults faults)
    {
        if (!section.Exists())
            return;

        // The binder adds to lists; a stronger source replaces.
        if (section.GetSection(nameof(HyperConnOptions.Services)).Exists())
            options.Services.Clear();

        var values = section.AsEnumerable(makePathsRelative: true).ToDictionary(StringComparer.OrdinalIgnoreCase);
        var hasLimit = values.Remove(LimitKey, out var limitText);
        try
        {
            new ConfigurationBuilder().AddInMemoryCollection(values).Build().Bind(options, binder => binder.ErrorOnUnknownConfiguration = true);
        }
        catch (InvalidOperationException exception)
        {
            // The binder names the key; a value that can't be converted is in the inner exception only.
            faults.Add($"{HyperConnServiceCollectionExtensions.ConfigurationSection} in IConfiguration: {exception.Message}");
        }

        if (!hasLimit)
            return;
        if (ServerLimitText.TryParse(limitText, out var limit))
            options.Servers.MaxConnections = limit;
        else
            faults.Add($"{HyperConnServiceCollectionExtensions.ConfigurationSection}:{LimitKey} is not a number, 'auto' or 'unlimited'.");
    }
}
