using System.Buffers;

namespace HyperConn;

/// <summary>
/// Identity of one tenant database: a service and an organisation.
/// </summary>
/// <remarks>
/// The pair is the identity. It is never joined into one string for that purpose, so
/// <c>("core", "a_b")</c> and <c>("core_a", "b")</c> stay two tenants. Comparison is ordinal; the service is
/// lower-cased when the key is made, the organisation is kept as given.
/// </remarks>
public readonly record struct TenantKey
{
    /// <summary>Longest secret name AWS Secrets Manager accepts, in characters.</summary>
    public const int MaxSecretNameLength = 512;

    // AWS Secrets Manager, CreateSecret: "ASCII letters, numbers, and the following characters: /_+=.@-".
    private static readonly SearchValues<char> AllowedCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/_+=.@-");

    // One reference, so that a key travels in a register and is compared by it first: most keys are made once and used for long.
    private readonly Identity? _identity;

    private TenantKey(string service, string org) => _identity = new Identity(service, org);

    /// <summary>Service name, lower case. Empty only in <c>default(TenantKey)</c>, which no method of the library accepts.</summary>
    public string Service => _identity?.Service ?? "";

    /// <summary>Organisation id, exactly as given. Empty only in <c>default(TenantKey)</c>.</summary>
    public string Org => _identity?.Org ?? "";

    /// <summary>Whether this is <c>default(TenantKey)</c>, that is, was not made by <see cref="Create"/>.</summary>
    internal bool IsDefault => _identity is null;

    /// <summary>Makes a validated key.</summary>
    /// <param name="service">Service name; lower-cased. 1–512 of <c>A-Z a-z 0-9 / _ + = . @ -</c>.</param>
    /// <param name="org">Organisation id; kept as given. Same characters, must not start with <c>arn:</c>.</param>
    /// <returns>The key.</returns>
    /// <exception cref="HyperConnException">With <see cref="HyperConnErrorCode.InvalidTenant"/> when a part is
    /// empty, too long or has a character that Secrets Manager does not allow in a secret's name. The
    /// rejected text is not repeated in the message.</exception>
    public static TenantKey Create(string service, string org)
    {
        if (!TryCreate(service, org, out var key, out var fault))
            throw new HyperConnException(new HyperConnFailure(HyperConnErrorCode.InvalidTenant, fault));
        return key;
    }

    /// <summary>Makes a validated key without throwing.</summary>
    /// <param name="service">Service name; lower-cased.</param>
    /// <param name="org">Organisation id; kept as given.</param>
    /// <param name="key">The key, or <c>default</c>.</param>
    /// <returns>Whether both parts are valid.</returns>
    public static bool TryCreate(string? service, string? org, out TenantKey key) => TryCreate(service, org, out key, out _);

    /// <summary>Compares both parts, ordinally.</summary>
    /// <param name="other">Another key.</param>
    /// <returns>Whether both parts are equal.</returns>
    public bool Equals(TenantKey other) => ReferenceEquals(_identity, other._identity) || HasEqualParts(_identity, other._identity);

    /// <summary>Hash of both parts, computed when the key was made; another one in each process.</summary>
    /// <returns>The hash.</returns>
    public override int GetHashCode() => _identity?.Hash ?? 0;

    /// <summary>Shows the key to people as <c>service/org</c>. Not an identity: two keys may show alike.</summary>
    /// <returns>Text for logs.</returns>
    public override string ToString() => $"{Service}/{Org}";

    internal static bool TryCreate(string? service, string? org, out TenantKey key, out string fault)
    {
        key = default;
        fault = Fault("service", service) ?? Fault("org", org) ?? "";
        if (fault.Length > 0)
            return false;
        key = new TenantKey(service!.ToLowerInvariant(), org!);
        return true;
    }

    private static bool HasEqualParts(Identity? one, Identity? other) =>
        one is not null
        && other is not null
        && one.Hash == other.Hash
        && string.Equals(one.Org, other.Org, StringComparison.Ordinal)
        && string.Equals(one.Service, other.Service, StringComparison.Ordinal);

    private static string? Fault(string part, string? text)
    {
        if (string.IsNullOrEmpty(text))
            return $"The tenant's {part} is empty. Give the name under which its secret is stored.";
        if (text.Length > MaxSecretNameLength)
            return $"The tenant's {part} is longer than {MaxSecretNameLength} characters, the most AWS Secrets Manager allows in a name.";
        if (text.StartsWith("arn:", StringComparison.OrdinalIgnoreCase))
            return $"The tenant's {part} starts with 'arn:'. Give the plain id; a full ARN would address another secret.";
        return text.AsSpan().ContainsAnyExcept(AllowedCharacters)
            ? $"The tenant's {part} has a character outside A-Z a-z 0-9 / _ + = . @ -, the ones AWS Secrets Manager allows in a name."
            : null;
    }

    private sealed class Identity(string service, string org)
    {
        public readonly string Service = service;
        public readonly string Org = org;
        public readonly int Hash = HashCode.Combine(service, org);
    }
}
