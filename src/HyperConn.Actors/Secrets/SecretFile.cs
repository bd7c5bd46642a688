using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;

namespace HyperConn.Secrets;

/// <summary>All secrets in one file: <c>{"&lt;project&gt;-&lt;org&gt;": {"&lt;service&gt;-postgresql": "…"}}</c>.</summary>
internal sealed class SecretFile(string path, ILogger logger) : SecretFiles(path, logger)
{
    private const string NoFile = "there is no such file";

    private Dictionary<string, SecretResult.Found> _secrets = new(StringComparer.Ordinal);
    private HashSet<string> _unreadable = [];
    private int _nameless;
    private Stamp? _read;
    private string? _fault;

    public override string WatchedFolder => System.IO.Path.GetDirectoryName(Path)!;

    public override SecretResult Get(string name, out IReadOnlyCollection<string> changed)
    {
        lock (Gate)
        {
            changed = Reload();
            if (_secrets.TryGetValue(name, out var secret))
                return secret;
            if (_unreadable.Contains(name))
            {
                return new SecretResult.Failed(
                    HyperConnErrorCode.SecretMalformed,
                    $"Secret '{name}' of '{Path}' has text that is not Unicode (half of a surrogate pair). Write it anew.");
            }

            return _fault is null
                ? new SecretResult.Failed(
                    HyperConnErrorCode.SecretNotFound,
                    $"'{Path}' has no secret '{name}'. Add it, or check the project name and the organisation.")
                : new SecretResult.Failed(
                    HyperConnErrorCode.StoreUnavailable,
                    $"'{Path}' can't be read ({_fault}), and '{name}' was not in it before.")
                {
                    IsOfEmptyStore = _fault == NoFile,
                };
        }
    }

    public override IReadOnlyList<string> List(string prefix)
    {
        lock (Gate)
        {
            Reload();
            if (_fault is not null && _secrets.Count == 0)
                throw new HyperConnException(new HyperConnFailure(HyperConnErrorCode.StoreUnavailable, $"'{Path}' can't be read ({_fault})."));
            return [.. _secrets.Keys.Union(_unreadable).Where(name => name.StartsWith(prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
        }
    }

    public override IReadOnlyCollection<string> Refresh()
    {
        lock (Gate)
            return Reload();
    }

    public override string Store(string name, string value, out IReadOnlyCollection<string> changed)
    {
        lock (Gate)
        {
            var element = Element(value);
            WriteWhole(Path, With(name, element));
            changed = Reload();
            return Found(element).VersionId;
        }
    }

    private byte[] With(string name, JsonElement value)
    {
        try
        {
            var all = File.Exists(Path) ? JsonNode.Parse(File.ReadAllBytes(Path), documentOptions: Lenient) as JsonObject ?? throw new JsonException() : [];
            all[name] = JsonNode.Parse(JsonSerializer.Serialize(value));
            return JsonSerializer.SerializeToUtf8Bytes(all, Pretty);
        }
        catch (Exception fault) when (SecretJson.IsFault(fault))
        {
            throw new HyperConnException(new HyperConnFailure(
                HyperConnErrorCode.StoreUnavailable,
                $"'{Path}' is not a JSON object of names that each stand once, in Unicode; nothing was written, so as not to lose what it holds. Mend it first."));
        }
    }

    private List<string> Reload()
    {
        try
        {
            var stamp = Stamp.Of(Path);
            if (stamp is null)
                return Faulty(NoFile);
            if (_fault is null && stamp.Value.IsSameAs(_read))
                return [];
            using var document = JsonDocument.Parse(File.ReadAllBytes(Path), Lenient);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                return Faulty("it is JSON, but not an object");
            return Take(Read(document.RootElement), stamp);
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            return Faulty("it is not JSON");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return Faulty(fault.GetType().Name);
        }
    }

    /// <summary>Reads each secret by itself: one with half of a surrogate pair, in name or value, takes no other with it.</summary>
    private Dictionary<string, SecretResult.Found> Read(JsonElement root)
    {
        var secrets = new Dictionary<string, SecretResult.Found>(StringComparer.Ordinal);
        var (unreadable, nameless) = (new HashSet<string>(StringComparer.Ordinal), 0);
        foreach (var property in root.EnumerateObject())
        {
            string? name = null;
            try
            {
                name = property.Name;
                secrets[name] = Found(property.Value);
            }
            catch (Exception fault) when (SecretJson.IsFault(fault))
            {
                if (name is null)
                    nameless++;
                else if (unreadable.Add(name) && _secrets.TryGetValue(name, out var before))
                    secrets[name] = before;
            }
        }

        foreach (var name in unreadable.Except(_unreadable))
            SecretLog.FileFaulty(Logger, Path, $"'{name}' is not Unicode");
        if (nameless > _nameless)
            SecretLog.FileFaulty(Logger, Path, "the name of a secret is not Unicode");
        (_unreadable, _nameless) = (unreadable, nameless);
        return secrets;
    }

    private List<string> Take(Dictionary<string, SecretResult.Found> secrets, Stamp? stamp)
    {
        var before = _secrets;
        var isFirst = _read is null;
        (_secrets, _read, _fault) = (secrets, stamp, null);
        var changed = secrets.Where(secret => !before.TryGetValue(secret.Key, out var old) || old.VersionId != secret.Value.VersionId)
            .Select(secret => secret.Key)
            .Concat(before.Keys.Where(name => !secrets.ContainsKey(name)))
            .ToList();
        if (!isFirst && changed.Count > 0)
            SecretLog.FileReloaded(Logger, Path, changed.Count);
        return changed;
    }

    private List<string> Faulty(string fault)
    {
        if (_fault != fault)
            SecretLog.FileFaulty(Logger, Path, fault);
        _fault = fault;
        return [];
    }
}
