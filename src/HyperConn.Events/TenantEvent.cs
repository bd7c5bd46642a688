namespace HyperConn.Events;

/// <summary>Something that happened to a tenant. Immutable.</summary>
public sealed record TenantEvent
{
    /// <summary>Type of an event that names none.</summary>
    public const string DefaultType = "default";

    /// <summary>Longest <see cref="Id"/>, in characters: it is part of a key in the tenant's inbox.</summary>
    public const int MaxIdLength = 512;

    /// <summary>Longest <see cref="Type"/>, in characters.</summary>
    public const int MaxTypeLength = 256;

    /// <summary>Makes an event.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="type">Kind of event, 1 to <see cref="MaxTypeLength"/> characters; decides what is done with it.</param>
    /// <param name="id">The sender's id of it, 1 to <see cref="MaxIdLength"/> characters: the same event sent again has the same
    /// id.</param>
    /// <param name="data">The event's data, as JSON; <c>null</c> as text where there is none.</param>
    /// <exception cref="ArgumentException">A part is empty, too long, or has a character that PostgreSQL's <c>text</c> can't hold: NUL,
    /// or half
    /// a surrogate pair; or the tenant is <c>default</c>. The message doesn't quote the text.</exception>
    public TenantEvent(TenantKey tenant, string type, string id, string data)
    {
        if (tenant == default)
            throw new ArgumentException("The event names no tenant.", nameof(tenant));
        ArgumentNullException.ThrowIfNull(data);
        Tenant = tenant;
        Type = Checked(type, nameof(type), MaxTypeLength);
        Id = Checked(id, nameof(id), MaxIdLength);
        Data = data;
    }

    /// <summary>The tenant.</summary>
    public TenantKey Tenant { get; }

    /// <summary>Kind of event; decides what is done with it.</summary>
    public string Type { get; }

    /// <summary>The sender's id of it, never empty; a source derives one from place and content where the sender gave none.</summary>
    public string Id { get; }

    /// <summary>The event's data, as JSON.</summary>
    public string Data { get; }

    /// <summary>When the producer made it or the queue got it, for lag; null: unknown.</summary>
    public DateTimeOffset? CreatedAt { get; init; }

    /// <summary>Why a text can't be a part of an event; null: it can.</summary>
    internal static string? Fault(string name, string? text, int longest) =>
        string.IsNullOrEmpty(text) ? $"The event's {name} is empty."
        : text.Length > longest ? $"The event's {name} is longer than {longest} characters."
        : text.Contains('\0', StringComparison.Ordinal) ? $"The event's {name} has a NUL character, which PostgreSQL's text can't hold."
        : !IsUnicode(text) ? $"The event's {name} has half a surrogate pair, which is no character."
        : null;

    private static string Checked(string text, string name, int longest)
    {
        ArgumentNullException.ThrowIfNull(text, name);
        return Fault(name, text, longest) is { } fault ? throw new ArgumentException(fault, name) : text;
    }

    private static bool IsUnicode(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i]))
                continue;
            if (!char.IsHighSurrogate(text[i]) || i + 1 == text.Length || !char.IsLowSurrogate(text[i + 1]))
                return false;
            i++;
        }

        return true;
    }
}
