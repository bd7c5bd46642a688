using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace HyperConn.Secrets;

/// <summary>Secrets on disk, in one arrangement or another. Thread-safe.</summary>
internal abstract class SecretFiles(string path, ILogger logger)
{
    // Version ids are shown to people. A bare hash of a text with a weak password could be searched for; a keyed one can't.
    private static readonly byte[] VersionKey = RandomNumberGenerator.GetBytes(32);

    private static readonly SearchValues<char> NameCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/_+=.@-");

    // File systems count time in steps: a file written within the last of them may change again without its time changing.
    private static readonly TimeSpan ClockStep = TimeSpan.FromMilliseconds(100);

    public string Path { get; } = path;

    /// <summary>Folder whose events tell of changes.</summary>
    public abstract string WatchedFolder { get; }

    protected ILogger Logger { get; } = logger;

    protected Lock Gate { get; } = new();

    protected static JsonDocumentOptions Lenient { get; } = new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip };

    // Files, not pages: nothing to escape for HTML's sake.
    protected static JsonSerializerOptions Pretty { get; } = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Reads one secret, from memory where the disk has not changed.</summary>
    /// <param name="name">A valid name.</param>
    /// <param name="changed">Names of secrets that turned out to have changed.</param>
    public abstract SecretResult Get(string name, out IReadOnlyCollection<string> changed);

    /// <summary>Names with a prefix.</summary>
    public abstract IReadOnlyList<string> List(string prefix);

    /// <summary>Looks at the disk.</summary>
    /// <returns>Names of secrets that changed since they were read.</returns>
    public abstract IReadOnlyCollection<string> Refresh();

    /// <summary>Writes one secret and leaves the others as they are.</summary>
    /// <returns>The new version.</returns>
    public abstract string Store(string name, string value, out IReadOnlyCollection<string> changed);

    public static bool IsName(string? name) =>
        name is { Length: > 0 and <= TenantKey.MaxSecretNameLength } && !name.AsSpan().ContainsAnyExcept(NameCharacters);

    /// <summary>A secret's text and version, whatever white space and escapes its file has.</summary>
    protected static SecretResult.Found Found(JsonElement element)
    {
        var text = element.ValueKind == JsonValueKind.String
            ? element.GetString()!
            : Encoding.UTF8.GetString(JsonSerializer.SerializeToUtf8Bytes(element, Compact));
        return Found(text);
    }

    protected static SecretResult.Found Found(string text) =>
        new(text, Convert.ToHexStringLower(HMACSHA256.HashData(VersionKey, Encoding.UTF8.GetBytes(text)).AsSpan(0, 16)));

    /// <summary>A text as it is to stand in a file: as the JSON it is, otherwise as a JSON string.</summary>
    protected static JsonElement Element(string value)
    {
        try
        {
            using var document = JsonDocument.Parse(value);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                _ = JsonSerializer.SerializeToUtf8Bytes(document.RootElement);
                return document.RootElement.Clone();
            }
        }
        catch (Exception fault) when (SecretJson.IsFault(fault))
        {
            // A text of another kind, or JSON that can be read and not be written.
        }

        return JsonSerializer.SerializeToElement(value);
    }

    /// <summary>Replaces a file in one step; a reader finds the old contents or the new.</summary>
    protected static void WriteWhole(string path, byte[] content)
    {
        var target = Target(path);
        var folder = System.IO.Path.GetDirectoryName(target)!;
        if (!Directory.Exists(folder))
            throw new HyperConnException(new HyperConnFailure(
                HyperConnErrorCode.StoreUnavailable,
                $"'{path}' can't be written: there is no folder '{folder}'. Create it, owned by this process's user, or mend the path."));
        var temporary = System.IO.Path.Combine(folder, $".{Guid.NewGuid():N}.tmp");
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
                options.UnixCreateMode = File.Exists(target) ? File.GetUnixFileMode(target) : UnixFileMode.UserRead | UnixFileMode.UserWrite;
            using (var stream = new FileStream(temporary, options))
            {
                stream.Write(content);
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, target, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>What a link leads to in the end, or the path itself.</summary>
    protected static string Target(string path) =>
        new FileInfo(path) is { LinkTarget: not null } link ? link.ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? path : path;

    private static JsonSerializerOptions Compact { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>What tells one state of a file from another without reading it.</summary>
    protected readonly record struct Stamp(string Target, DateTime WrittenAt, long Length, bool Settled)
    {
        public static Stamp? Of(string path)
        {
            var target = SecretFiles.Target(path);
            var file = new FileInfo(target);
            return file.Exists ? new Stamp(target, file.LastWriteTimeUtc, file.Length, DateTime.UtcNow - file.LastWriteTimeUtc > ClockStep) : null;
        }

        /// <summary>Whether a file that has this stamp now is as it was when it had the other.</summary>
        public bool IsSameAs(Stamp? read) =>
            read is { Settled: true } other && (Target, WrittenAt, Length) == (other.Target, other.WrittenAt, other.Length);
    }
}
