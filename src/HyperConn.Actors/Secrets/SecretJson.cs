using System.Text.Json;

namespace HyperConn.Secrets;

/// <summary>What becomes of JSON that is read leniently and meant to be written again.</summary>
internal static class SecretJson
{
    /// <summary>
    /// Whether the text is to blame. A name that stands twice and half of a surrogate pair are found only when they are looked at, with exceptions of their own; their
    /// messages may quote the secret.
    /// </summary>
    public static bool IsFault(Exception exception) => exception is JsonException or ArgumentException or InvalidOperationException;
}
