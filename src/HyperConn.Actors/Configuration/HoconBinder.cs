using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text;
using Akka.Configuration;

namespace HyperConn.Configuration;

/// <summary>
/// Reads settings from HOCON: section <c>hyperconn</c>, names in kebab case (<c>MaxPools</c> is <c>max-pools</c>), times as <c>5m</c> or
/// <c>30s</c>. A key that is no setting is a fault, so that a slip of the pen does not pass for a default.
/// </summary>
internal static class HoconBinder
{
    /// <summary>What a time is set to that may be switched off.</summary>
    public const string Off = "off";

    private const string Root = "hyperconn";

    // Settings of another package, which reads them itself, each section on its own.
    private static readonly string[] SectionsOfOthers = [$"{Root}.cluster", $"{Root}.cluster.sharding"];

    public static void Bind(Config hocon, HyperConnOptions options, ConfigurationFaults faults) => BindSection(hocon, Root, options, faults);

    /// <summary>Reads one section, if it is there, into an object of its own.</summary>
    public static void BindSection(Config hocon, string path, object target, ConfigurationFaults faults)
    {
        if (!hocon.HasPath(path))
            return;
        if (hocon.GetConfig(path) is { } section && section.Root.IsObject())
            BindObject(section, target, path, faults);
        else
            faults.Add($"{path} is not a section.");
    }

    /// <summary>The name of a setting in HOCON.</summary>
    public static string KebabCase(string name)
    {
        var text = new StringBuilder(name.Length + 4);
        foreach (var letter in name)
        {
            if (char.IsUpper(letter) && text.Length > 0)
                text.Append('-');
            text.Append(char.ToLowerInvariant(letter));
        }

        return text.ToString();
    }

    /// <summary>Whether a property is a section of settings and not a setting.</summary>
    public static bool IsSection(PropertyInfo property) =>
        property.PropertyType.IsClass && property.PropertyType.Namespace == typeof(HyperConnOptions).Namespace;

    /// <summary>Whether a property can be set in a file; hooks can't.</summary>
    public static bool IsSetting(PropertyInfo property) => !typeof(Delegate).IsAssignableFrom(property.PropertyType);

    private static void BindObject(Config hocon, object target, string path, ConfigurationFaults faults)
    {
        var properties = target.GetType().GetProperties().Where(IsSetting).ToDictionary(p => KebabCase(p.Name), StringComparer.Ordinal);
        foreach (var key in hocon.Root.GetObject().Items.Keys)
        {
            var at = $"{path}.{key}";
            if (SectionsOfOthers.Contains(at))
                continue;
            if (!properties.TryGetValue(key, out var property))
            {
                faults.Add($"{at} is not a setting. Known here: {string.Join(", ", properties.Keys.Order(StringComparer.Ordinal))}.");
                continue;
            }

            if (IsSection(property))
            {
                if (hocon.GetConfig(key) is { } section && section.Root.IsObject())
                    BindObject(section, property.GetValue(target)!, at, faults);
                else
                    faults.Add($"{at} is not a section.");
                continue;
            }

            try
            {
                property.SetValue(target, Read(hocon, key, property));
            }
            catch (Exception exception) when (exception is FormatException or OverflowException or ConfigurationException or ArgumentException or InvalidCastException or NotSupportedException)
            {
                faults.Add($"{at} can't be read as {Describe(property, "30s or 5m")}.");
            }
        }
    }

    private static object? Read(Config hocon, string key, PropertyInfo property)
    {
        var type = property.PropertyType;
        if (property.DeclaringType == typeof(ServerOptions) && property.Name == nameof(ServerOptions.MaxConnections))
            return ServerLimitText.TryParse(Text(hocon, key), out var limit) ? limit : throw new FormatException();
        if (type == typeof(TimeSpan?) && string.Equals(hocon.GetString(key), Off, StringComparison.OrdinalIgnoreCase))
            return null;
        if (type == typeof(TimeSpan) || type == typeof(TimeSpan?))
            return hocon.GetTimeSpan(key, null, allowInfinite: false);
        if (type == typeof(bool))
            return hocon.GetBoolean(key);
        if (type == typeof(int))
            return int.Parse(Text(hocon, key), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        if (type == typeof(double))
            return double.Parse(Text(hocon, key), NumberStyles.Float, CultureInfo.InvariantCulture);
        if (type == typeof(string))
        {
            if (hocon.GetValue(key).IsObject() || hocon.GetValue(key).IsArray())
                throw new FormatException();
            return hocon.GetString(key) is { Length: > 0 } text && text != "null" ? text : IsNullable(property) ? null : "";
        }

        if (type.IsEnum)
            return Enum.Parse(type, Text(hocon, key).Replace("-", "", StringComparison.Ordinal), ignoreCase: true);
        if (type == typeof(IList<string>))
        {
            // An empty list does not say that it is one.
            if (hocon.GetValue(key).IsString() || hocon.GetValue(key).IsObject())
                throw new FormatException();
            return hocon.GetStringList(key).ToList();
        }

        if (typeof(IDictionary<string, string>).IsAssignableFrom(type))
        {
            if (!hocon.GetValue(key).IsObject())
                throw new FormatException();
            return hocon.GetValue(key).GetObject().Items
                .ToDictionary(item => item.Key, item => item.Value.GetString(), StringComparer.Ordinal);
        }

        throw new NotSupportedException($"Setting {property.Name} has a type HOCON is not read into: {type}.");
    }

    private static string Text(Config hocon, string key) => hocon.GetString(key) ?? throw new FormatException();

    private static bool IsNullable(PropertyInfo property) => new NullabilityInfoContext().Create(property).WriteState == NullabilityState.Nullable;

    /// <summary>What a setting is, for people.</summary>
    public static string Describe(PropertyInfo property, string times)
    {
        var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        return type switch
        {
            _ when property.PropertyType == typeof(TimeSpan?) => $"a time such as {times}, or off",
            _ when type == typeof(TimeSpan) => $"a time such as {times}",
            _ when type == typeof(bool) => "true or false",
            _ when property.Name == nameof(ServerOptions.MaxConnections) => "a number, auto or unlimited",
            _ when type.IsEnum => string.Join(", ", Enum.GetNames(type).Select(KebabCase)),
            _ when typeof(IEnumerable).IsAssignableFrom(type) && type != typeof(string) => "a list",
            _ => type == typeof(string) ? "text" : "a number",
        };
    }
}
