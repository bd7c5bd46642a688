using System.Text.RegularExpressions;
using Akka.Configuration;
using Microsoft.Extensions.Options;

namespace HyperConn.Host;

/// <summary>A configuration file, and what the library is to be started with from it.</summary>
internal sealed partial class HostConfiguration
{
    private readonly string _folder;

    private HostConfiguration(string path, Config hocon)
    {
        _folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        Hocon = hocon;
    }

    /// <summary>What the file has.</summary>
    public Config Hocon { get; }

    /// <exception cref="CommandException">The file can't be read.</exception>
    public static HostConfiguration Load(string path) => new(path, HoconFile.Load(path));

    /// <summary>A path of the file, which is relative to the file's folder and not to where the command happens to be started.</summary>
    public string Resolve(string path) => Path.GetFullPath(path, _folder);

    /// <summary>Adds the library with the file's settings.</summary>
    public void AddTo(IServiceCollection services)
    {
        services.AddHyperConn(hocon: Hocon);
        services.PostConfigure<HyperConnOptions>(o =>
        {
            if (UsesFile(o))
                o.Secrets.File.Path = Resolve(o.Secrets.File.Path);
        });
        services.AddSingleton<IValidateOptions<HyperConnOptions>, SecretsPathValidator>();
    }

    /// <summary>Every name that is no setting, and every fault of the library's settings.</summary>
    public IReadOnlyList<string> Faults() => [.. Strangers(), .. HostSettings.Unknown(Hocon), .. LibraryFaults()];

    // Other names at the top may serve substitutions; these can only be slips of the pen.
    private IEnumerable<string> Strangers() => Hocon.Root.IsObject()
        ? Hocon.Root.GetObject().Items.Keys
            .Where(key => key.StartsWith("hyper", StringComparison.OrdinalIgnoreCase) && key is not ("hyperconn" or "hyperconn-host"))
            .Select(key => $"{key} is not a section. Known here: hyperconn, hyperconn-host.")
        : [];

    private IReadOnlyList<string> LibraryFaults()
    {
        var services = new ServiceCollection();
        AddTo(services);
        using var provider = services.BuildServiceProvider();
        try
        {
            _ = provider.GetRequiredService<IOptions<HyperConnOptions>>().Value;
            return [];
        }
        catch (OptionsValidationException exception)
        {
            return [.. exception.Failures.Select(Spell)];
        }
    }

    /// <summary>Names settings as the file does: <c>Pools.MaxPools</c> is <c>hyperconn.pools.max-pools</c> there.</summary>
    internal static string Spell(string fault) =>
        Name().Replace(fault, name => $"hyperconn.{string.Join('.', name.Value.Split('.').Select(HostSettings.NameOf))}");

    [GeneratedRegex(@"\b(?:Secrets|Pools|Connections|Servers|Schemas|Diagnostics)(?:\.[A-Z][A-Za-z]*)+|^(?:ProjectName|Services)\b")]
    private static partial Regex Name();

    private static bool UsesFile(HyperConnOptions options) =>
        string.Equals(options.Secrets.Store?.Trim(), "file", StringComparison.OrdinalIgnoreCase) && !string.IsNullOrWhiteSpace(options.Secrets.File.Path);

    /// <summary>The library may wait for a file of secrets to appear; a command that finds none was given the wrong path.</summary>
    private sealed class SecretsPathValidator : IValidateOptions<HyperConnOptions>
    {
        public ValidateOptionsResult Validate(string? name, HyperConnOptions options) =>
            UsesFile(options) && !File.Exists(options.Secrets.File.Path) && !Directory.Exists(options.Secrets.File.Path)
                ? ValidateOptionsResult.Fail($"hyperconn.secrets.file.path: there is no file or folder '{options.Secrets.File.Path}'.")
                : ValidateOptionsResult.Success;
    }
}
