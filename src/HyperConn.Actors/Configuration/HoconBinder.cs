using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text;
using Akka.Configuration;

namespace HyperConn;

/// <summary>
/// Reads settings from HOCON: section <c>hyperconn</c>, names in kebab case (<c>MaxPools</c> is <c>max-pools</c>), times as <c>5m</c> or
/// <c>30s</c>. A key that is no setting is a fault, so that a slip of the pen does not pass for a default.
/// </summary>
internal static class HoconBinder
{
    private const string Root = "hyperconn";

    public static void Bind(Config hocon, HyperConnOptions options, ConfigurationFaults faults)
    {
        if (hocon.HasPath(Root))
            BindObject(hocon.GetConfig(Root), options, Root, faults);
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
            catch (Exception exception) when (exception is FormatException or OverflowException or ConfigurationException or ArgumentException or InvalidCastException)
            {
                faults.Add($"{at} can't be read as {Describe(property)}.");
            }
        }
    }

    private static object? Read(Config hocon, string key, PropertyInfo property)
    {
        var type = property.PropertyType;
        if (property.DeclaringType == typeof(ServerOptions) && property.Name == nameof(ServerOptions.MaxConnections))
            return ServerLimitText.TryParse(hocon.GetString(key), out var limit) ? limit : throw new FormatException();
        if (type == typeof(TimeSpan))
            return hocon.GetTimeSpan(key, null, allowInfinite: false);
        if (type == typeof(bool))
            return hocon.GetBoolean(key);
        if (type == typeof(int))
            return int.Parse(hocon.GetString(key), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        if (type == typeof(double))
            return double.Parse(hocon.GetString(key), NumberStyles.Float, CultureInfo.InvariantCulture);
        if (type == typeof(string))
            return hocon.GetString(key) is { Length: > 0 } text && text != "null" ? text : null;
        if (type.IsEnum)
            return Enum.Parse(type, hocon.GetString(key).Replace("-", "", StringComparison.Ordinal), ignoreCase: true);
        if (type == typeof(IList<string>))
            return hocon.GetStringList(key).ToList();
        if (typeof(IDictionary<string, string>).IsAssignableFrom(type))
        {
            return hocon.GetConfig(key).Root.GetObject().Items
                .ToDictionary(item => item.Key, item => item.Value.GetString(), StringComparer.Ordinal);
        }

        throw new NotSupportedException($"Setting {property.Name} has a type HOCON is not read into: {type}.");
    }

    private static string Describe(PropertyInfo property)
    {
        var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        return type switch
        {
            _ when type == typeof(TimeSpan) => "a time such as 30s or 5m",
            _ when type == typeof(bool) => "on or off",
            _ when property.Name == nameof(ServerOptions.MaxConnections) => "a number, auto or unlimited",
            _ when type.IsEnum => string.Join(", ", Enum.GetNames(type).Select(KebabCase)),
            _ when typeof(IEnumerable).IsAssignableFrom(type) && type != typeof(string) => "a list",
            _ => type == typeof(string) ? "text" : "a number",
        };
    }
}
