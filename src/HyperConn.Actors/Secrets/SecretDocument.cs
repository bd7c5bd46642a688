using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace HyperConn.Secrets;

/// <summary>
/// One version of an organisation's secret, taken apart: <c>{"&lt;service&gt;-postgresql": "…" or {…}}</c>, or one RDS credentials
/// object that serves every service.
/// </summary>
internal sealed class SecretDocument
{
    private const string KeySuffix = "-postgresql";

    // A handful at most, and thousands of documents: an array is smaller than a dictionary, and as quick.
    private readonly KeyValuePair<string, Entry>[] _entries;
    private readonly string? _whole;

    private SecretDocument(string name, string version, Dictionary<string, Entry> entries, string? whole)
    {
        Name = name;
        Version = version;
        _entries = [.. entries];
        _whole = whole;
    }

    public string Name { get; }

    public string Version { get; }

    /// <summary>Reads a secret's text. The fault never repeats any of it.</summary>
    public static bool TryParse(string name, SecretResult.Found secret, [NotNullWhen(true)] out SecretDocument? document, out string fault)
    {
        document = null;
        try
        {
            using var json = JsonDocument.Parse(secret.Text);
            if (json.RootElement.ValueKind != JsonValueKind.Object)
            {
                fault = $"Secret '{name}' is JSON, but not an object. Expected {{\"<service>{KeySuffix}\": \"postgresql://…\"}}.";
                return false;
            }

            var entries = new Dictionary<string, Entry>(StringComparer.Ordinal);
            foreach (var property in json.RootElement.EnumerateObject())
                if (property.Name.EndsWith(KeySuffix, StringComparison.Ordinal))
                    entries[property.Name] = new Entry(TextOf(property.Value), secret.VersionId);
            document = new SecretDocument(name, secret.VersionId, entries, LooksLikeRds(json.RootElement) ? secret.Text : null);
            fault = "";
            return true;
        }
        catch (Exception unreadable) when (unreadable is JsonException or ArgumentException or InvalidOperationException)
        {
            // JsonException quotes a byte or two of its input: not passed on. The others: text that is no valid Unicode.
            fault = string.IsNullOrWhiteSpace(secret.Text)
                ? $"Secret '{name}' is empty. Expected {{\"<service>{KeySuffix}\": \"postgresql://…\"}}."
                : $"Secret '{name}' is not JSON. Expected {{\"<service>{KeySuffix}\": \"postgresql://…\"}}.";
            return false;
        }
    }

    /// <summary>Finds a service's credentials.</summary>
    /// <returns>Null when they are there, otherwise why not.</returns>
    public HyperConnFailure? Find(string service, out string text, out string version)
    {
        var key = service + KeySuffix;
        (text, version) = ("", Version);
        if (EntryOf(key) is { } entry)
        {
            if (entry.Text is null)
                return new HyperConnFailure(
                    HyperConnErrorCode.SecretMalformed,
                    $"Entry '{key}' of secret '{Name}' is neither a connection string nor an object with credentials.");
            (text, version) = (entry.Text, entry.Version);
            return null;
        }

        if (_whole is null)
            return new HyperConnFailure(
                HyperConnErrorCode.KeyNotFound,
                $"Secret '{Name}' has no entry '{key}'. Add it, or check the service's name; entries are compared in lower case.");
        text = _whole;
        return null;
    }

    /// <summary>
    /// This version, with the entries that came broken replaced by the older version's sound ones.
    /// </summary>
    /// <param name="older">What has served so far.</param>
    /// <param name="kept">Keys of the entries taken from it.</param>
    public SecretDocument KeepSoundEntriesOf(SecretDocument? older, out IReadOnlyList<string> kept)
    {
        kept = older is null ? [] : [.. _entries
            .Where(entry => entry.Value.Text is null && older.EntryOf(entry.Key)?.Text is not null)
            .Select(entry => entry.Key)];
        if (kept.Count == 0)
            return this;
        var entries = new Dictionary<string, Entry>(_entries, StringComparer.Ordinal);
        foreach (var key in kept)
            entries[key] = older!.EntryOf(key)!.Value;
        return new SecretDocument(Name, Version, entries, _whole);
    }

    /// <summary>Why a service is served from an older version than this; null: it isn't.</summary>
    public HyperConnFailure? SetbackOf(string service) => SetbackOfKey(service + KeySuffix);

    /// <inheritdoc cref="SetbackOf"/>
    public HyperConnFailure? SetbackOfKey(string key) => EntryOf(key) is not { } entry || entry.Version == Version
        ? null
        : new HyperConnFailure(
            HyperConnErrorCode.SecretMalformed,
            $"Entry '{key}' of the new version of secret '{Name}' is neither a connection string nor an object with credentials; "
            + "the older entry goes on serving. Mend the secret.");

    public override string ToString() => $"SecretDocument({Name}, version {Version})";

    private Entry? EntryOf(string key)
    {
        foreach (var (name, entry) in _entries)
        {
            if (string.Equals(name, key, StringComparison.Ordinal))
                return entry;
        }

        return null;
    }

    private static string? TextOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString() is { } text && !string.IsNullOrWhiteSpace(text) ? text : null,
        JsonValueKind.Object => value.GetRawText(),
        _ => null,
    };

    // As the rotation functions of RDS write it: https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html
    private static bool LooksLikeRds(JsonElement root) =>
        root.TryGetProperty("host", out var host) && host.ValueKind == JsonValueKind.String
        && root.TryGetProperty("username", out var user) && user.ValueKind == JsonValueKind.String;

    private readonly record struct Entry(string? Text, string Version)
    {
        public override string ToString() => $"Entry(version {Version})";
    }
}
