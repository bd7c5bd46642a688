using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace HyperConn.Secrets;

/// <summary>One file for each secret, <c>&lt;name&gt;.json</c>; a <c>/</c> in a name is written <c>%2F</c>.</summary>
internal sealed class SecretFolder(string path, ILogger logger) : SecretFiles(path, logger)
{
    private const string Extension = ".json";

    // On every file system alike: two names that differ in case only are two secrets.
    private static readonly EnumerationOptions Exactly = new() { MatchCasing = MatchCasing.CaseSensitive };

    private readonly Dictionary<string, Known> _known = new(StringComparer.Ordinal);

    public override string WatchedFolder => Path;

    public override SecretResult Get(string name, out IReadOnlyCollection<string> changed)
    {
        lock (Gate)
        {
            var hadSecret = _known.TryGetValue(name, out var before) && before.Secret is not null;
            var known = Reload(name);
            changed = hadSecret && known.Secret?.VersionId != before!.Secret!.VersionId ? [name] : [];
            if (known.Secret is { } secret)
                return secret;
            if (known.Fault is null)
                _known.Remove(name);
            return known.Fault is null
                ? new SecretResult.Failed(
                    HyperConnErrorCode.SecretNotFound,
                    $"'{FileOf(name)}' does not exist. Add it, or check the project name and the organisation.")
                : new SecretResult.Failed(
                    known.IsMalformed ? HyperConnErrorCode.SecretMalformed : HyperConnErrorCode.StoreUnavailable,
                    $"'{FileOf(name)}' can't be read ({known.Fault}).");
        }
    }

    public override IReadOnlyList<string> List(string prefix)
    {
        try
        {
            return [.. Directory.EnumerateFiles(Path, "*" + Extension)
                .Select(file => Decode(System.IO.Path.GetFileNameWithoutExtension(file)))
                .Where(name => IsName(name) && name.StartsWith(prefix, StringComparison.Ordinal))
                .Order(StringComparer.Ordinal)];
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new HyperConnException(new HyperConnFailure(HyperConnErrorCode.StoreUnavailable, $"'{Path}' can't be listed ({fault.GetType().Name})."));
        }
    }

    public override IReadOnlyCollection<string> Refresh()
    {
        lock (Gate)
        {
            var changed = new List<string>();
            foreach (var (name, before) in _known.ToList())
            {
                var now = Reload(name);
                if (now.Secret?.VersionId != before.Secret?.VersionId)
                    changed.Add(name);
                if (now == Known.Nothing)
                    _known.Remove(name);
            }

            if (changed.Count > 0)
                SecretLog.FileReloaded(Logger, Path, changed.Count);
            return changed;
        }
    }

    public override string Store(string name, string value, out IReadOnlyCollection<string> changed)
    {
        lock (Gate)
        {
            var element = Element(value);
            WriteWhole(FileOf(name), JsonSerializer.SerializeToUtf8Bytes(element, Pretty));
            changed = [name];
            return Reload(name).Secret?.VersionId ?? Found(element).VersionId;
        }
    }

    // '%' is in no name, so the encoding is unambiguous; a leading dot would hide the file (and '..' look like a way out).
    private string FileOf(string name)
    {
        var encoded = name.Replace("/", "%2F", StringComparison.Ordinal);
        if (encoded[0] == '.')
            encoded = "%2E" + encoded[1..];
        return System.IO.Path.Combine(Path, encoded + Extension);
    }

    private static string Decode(string file) =>
        (file.StartsWith("%2E", StringComparison.Ordinal) ? "." + file[3..] : file).Replace("%2F", "/", StringComparison.Ordinal);

    private Known Reload(string name)
    {
        var file = FileOf(name);
        var before = _known.GetValueOrDefault(name) ?? Known.Nothing;
        try
        {
            var stamp = Stamp.Of(file);
            if (stamp is null)
                return _known[name] = Known.Nothing;
            if (before.Fault is null && before.Secret is not null && stamp.Value.IsSameAs(before.Read))
                return before;
            if (Directory.GetFiles(Path, System.IO.Path.GetFileName(file), Exactly).Length == 0)
                return _known[name] = Known.Nothing;
            using var document = JsonDocument.Parse(File.ReadAllBytes(file), Lenient);
            return _known[name] = new Known(Found(document.RootElement), stamp, null, false);
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            return Faulty(name, before, "it is not JSON", malformed: true);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return Faulty(name, before, fault.GetType().Name, malformed: false);
        }
    }

    private Known Faulty(string name, Known before, string fault, bool malformed)
    {
        if (before.Fault != fault)
            SecretLog.FileFaulty(Logger, FileOf(name), fault);
        return _known[name] = before with { Fault = fault, IsMalformed = malformed };
    }

    private sealed record Known(SecretResult.Found? Secret, Stamp? Read, string? Fault, bool IsMalformed)
    {
        public static readonly Known Nothing = new(null, null, null, false);
    }
}
