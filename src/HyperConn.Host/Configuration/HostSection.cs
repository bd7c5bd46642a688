using Akka.Configuration;

namespace HyperConn.Host;

/// <summary>Reads one section of the host's part of the configuration file, <c>hyperconn-host.&lt;name&gt;</c>.</summary>
/// <param name="file">The file.</param>
/// <param name="name">The section.</param>
/// <param name="faults">Where settings that can't be read are named, never quoted.</param>
internal sealed class HostSection(Config file, string name, List<string> faults)
{
    private readonly string _path = $"{HostSettings.Root}.{name}";
    private readonly Config? _config = file.HasPath($"{HostSettings.Root}.{name}") ? file.GetConfig($"{HostSettings.Root}.{name}") : null;

    /// <summary>A text that is there and not empty, or null.</summary>
    public string? Text(string key) => Read(key, c => c.GetString(key), null) is { Length: > 0 } text && text != "null" ? text : null;

    /// <summary>A value, or the default where there is none or it can't be read.</summary>
    /// <param name="key">The setting.</param>
    /// <param name="read">Reads it.</param>
    /// <param name="byDefault">The default.</param>
    /// <param name="kind">What it should be, for people; null: as its type says.</param>
    public T Read<T>(string key, Func<Config, T> read, T byDefault, string? kind = null)
    {
        if (_config is null || !_config.HasPath(key))
            return byDefault;
        try
        {
            return read(_config);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // Its text may quote the value.
            faults.Add($"{_path}.{key} can't be read as {kind ?? KindOf(typeof(T))}.");
            return byDefault;
        }
    }

    private static string KindOf(Type type) =>
        type == typeof(bool) ? "on or off"
        : type == typeof(TimeSpan) ? "a time such as 1s"
        : type == typeof(string) ? "text"
        : type == typeof(IList<string>) ? "a list"
        : "a number";
}
