using System.Runtime.CompilerServices;
using Akka.Configuration;
using HyperConn.Host.Commands;

namespace HyperConn.Tests;

/// <summary>The library's part of the file is compared with the code beside reference.conf; this is the host's.</summary>
public class ConfigurationFileSpecs
{
    private static readonly Config File = ConfigurationFactory.ParseString(System.IO.File.ReadAllText(FindFile()));

    [Fact]
    public void The_host_s_settings_are_all_there_with_their_defaults()
    {
        var read = RunSettings.Read(File);
        Assert.Empty(read.Statements);
        Assert.Equal(new RunSettings() with { Statements = read.Statements }, read);
        Assert.Equal(
            typeof(RunSettings).GetProperties().Select(property => HoconBinder.KebabCase(property.Name)).Order(StringComparer.Ordinal),
            File.GetConfig("hyperconn-host.worker").Root.GetObject().Items.Keys.Order(StringComparer.Ordinal));
    }

    private static string FindFile([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "hyperconn.conf"));
}
