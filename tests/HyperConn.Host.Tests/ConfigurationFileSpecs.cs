using System.Runtime.CompilerServices;
using Akka.Configuration;
using HyperConn.Host.Commands;

namespace HyperConn.Tests;

public class ConfigurationFileSpecs
{
    private static readonly Config File = ConfigurationFactory.ParseString(System.IO.File.ReadAllText(FindFile()));

    [Fact]
    public void The_file_has_every_setting_of_the_library_and_nothing_else() =>
        Assert.Equal(Settings(new HyperConnOptions(), "hyperconn").Keys.Order(StringComparer.Ordinal), Keys("hyperconn", new HyperConnOptions()));

    [Fact]
    public void Each_has_its_default()
    {
        var read = new HyperConnOptions();
        var faults = new ConfigurationFaults();
        HoconBinder.Bind(File, read, faults);
        Assert.Empty(faults.All);
        Assert.Equal(Settings(new HyperConnOptions(), "hyperconn"), Settings(read, "hyperconn"));
    }

    [Fact]
    public void The_host_s_settings_have_their_defaults_too()
    {
        var read = RunSettings.Read(File);
        Assert.Empty(read.Statements);
        Assert.Equal(new RunSettings() with { Statements = read.Statements }, read);
        Assert.Equal(
            typeof(RunSettings).GetProperties().Select(property => HoconBinder.KebabCase(property.Name)).Order(StringComparer.Ordinal),
            File.GetConfig("hyperconn-host.worker").Root.GetObject().Items.Keys.Order(StringComparer.Ordinal));
    }

    private static SortedDictionary<string, string> Settings(object section, string path)
    {
        var settings = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var property in section.GetType().GetProperties().Where(HoconBinder.IsSetting))
        {
            var at = $"{path}.{HoconBinder.KebabCase(property.Name)}";
            var value = property.GetValue(section);
            if (HoconBinder.IsSection(property))
            {
                foreach (var (name, text) in Settings(value!, at))
                    settings.Add(name, text);
            }
            else
            {
                settings.Add(at, value is System.Collections.ICollection many ? $"{many.Count} entries" : value is null or "" ? "not set" : value.ToString()!);
            }
        }

        return settings;
    }

    private static List<string> Keys(string path, object section)
    {
        var keys = new List<string>();
        foreach (var key in File.GetConfig(path).Root.GetObject().Items.Keys)
        {
            var property = section.GetType().GetProperties().FirstOrDefault(property => HoconBinder.KebabCase(property.Name) == key);
            if (property is not null && HoconBinder.IsSection(property))
                keys.AddRange(Keys($"{path}.{key}", property.GetValue(section)!));
            else
                keys.Add($"{path}.{key}");
        }

        keys.Sort(StringComparer.Ordinal);
        return keys;
    }

    private static string FindFile([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "hyperconn.conf"));
}
