using System.Reflection;
using Microsoft.Extensions.Configuration;

namespace HyperConn.Configuration;

/// <summary>Reads settings from <c>IConfiguration</c>, one value at a time, so that every fault is found and not just the first.</summary>
internal static class ConfigurationSource
{
    private const BindingFlags AnyCase = BindingFlags.Public | BindingFlags.Instance | BindingFlags.IgnoreCase;

    public static void Bind(IConfigurationSection section, HyperConnOptions options, ConfigurationFaults faults)
    {
        if (!section.Exists())
            return;

        // The binder adds to lists; a stronger source replaces.
        if (section.GetSection(nameof(HyperConnOptions.Services)).Exists())
            options.Services = [];

        foreach (var (key, value) in section.AsEnumerable(makePathsRelative: true).OrderBy(pair => pair.Key, ConfigurationKeyComparer.Instance))
        {
            if (!string.IsNullOrEmpty(key) && value is not null && Fault(key, value, options) is { } fault)
                faults.Add($"{section.Path}:{key} {fault}");
        }
    }

    private static string? Fault(string key, string value, HyperConnOptions options)
    {
        var (property, left) = Find(key);
        if (property is null)
            return "is not a setting.";
        if (HoconBinder.IsSection(property))
            return value.Length == 0 ? null : "is a section of settings, not a value.";
        if (IsLimit(property))
        {
            if (!ServerLimitText.TryParse(value, out var limit))
                return "is not a number, 'auto' or 'unlimited'.";
            options.Servers.MaxConnections = limit;
            return null;
        }

        if (property.Name == nameof(ConnectionOptions.ValidateAfter) && value.Equals(HoconBinder.Off, StringComparison.OrdinalIgnoreCase))
        {
            options.Connections.ValidateAfter = null;
            return null;
        }

        // So is an empty list written by some sources.
        var isMany = typeof(System.Collections.IEnumerable).IsAssignableFrom(property.PropertyType) && property.PropertyType != typeof(string);
        if (isMany && left == 0)
            return value.Length == 0 ? null : "is a list, not a value.";
        if (left > (isMany ? 1 : 0))
            return "is not a setting.";
        try
        {
            new ConfigurationBuilder().AddInMemoryCollection([new(key, value)]).Build().Bind(options);
            return null;
        }
        catch (InvalidOperationException)
        {
            // Its text may quote the value.
            return $"can't be read as {HoconBinder.Describe(property, "00:00:30 or 00:05:00")}.";
        }
    }

    /// <summary>The setting or section a key names, and how many parts of the key are left for places in a list or map.</summary>
    private static (PropertyInfo? Property, int Left) Find(string key)
    {
        var parts = key.Split(ConfigurationPath.KeyDelimiter);
        var type = typeof(HyperConnOptions);
        for (var part = 0; part < parts.Length; part++)
        {
            var property = type.GetProperty(parts[part], AnyCase);
            if (property is null || !HoconBinder.IsSetting(property))
                return (null, 0);
            if (!HoconBinder.IsSection(property) || part == parts.Length - 1)
                return (property, parts.Length - 1 - part);
            type = property.PropertyType;
        }

        return (null, 0);
    }

    private static bool IsLimit(PropertyInfo property) =>
        property.DeclaringType == typeof(ServerOptions) && property.Name == nameof(ServerOptions.MaxConnections);
}
