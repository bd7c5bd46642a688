using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace HyperConn.Events;

/// <summary>Where a line stands.</summary>
/// <param name="Name">Name of the file or stream, for people.</param>
/// <param name="Identity">What makes the same place in another file or stream another one.</param>
/// <param name="Number">Number of the line, from 1.</param>
/// <param name="MadeAt">When the file was written; null: unknown.</param>
internal readonly record struct LinePlace(string Name, string Identity, long Number, DateTimeOffset? MadeAt = null)
{
    /// <summary>An id that the source has for what stands there; null: it is made of place and content.</summary>
    public string? Id { get; init; }

    /// <summary>An id for an event that has none: read again from the same place it is the same, and from any other it is
    /// another.</summary>
    public string IdOf(string text)
    {
        if (Id is not null)
            return Id;
        var number = Number.ToString(CultureInfo.InvariantCulture);
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{Identity}\n{number}\n{text}"));
        return $"line:{Convert.ToHexStringLower(hash.AsSpan(0, 16))}";
    }

    public override string ToString() => $"{Name}:{Number}";
}
