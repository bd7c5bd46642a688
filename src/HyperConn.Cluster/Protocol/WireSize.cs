namespace HyperConn.Cluster.Protocol;

/// <summary>Keeps messages within what Akka.Remote takes, 128,000 bytes by default, by estimates that are rather too high.</summary>
internal static class WireSize
{
    /// <summary>Most bytes of one list in a message.</summary>
    public const int MaxList = 40_000;

    /// <summary>Most bytes of a list that shares its message with another.</summary>
    public const int MaxSmallList = 20_000;

    /// <summary>Longest text of a failure that travels, in characters.</summary>
    public const int MaxMessage = 300;

    /// <summary>Most bytes of a node's part of a server.</summary>
    public const int OfPart = 250;

    // Names, numbers and times in JSON.
    private const int OfTenant = 750;
    private const int OfOther = 300;

    /// <summary>As many as fit, one at least.</summary>
    /// <param name="items">What there is.</param>
    /// <param name="bytesOf">How much each takes.</param>
    /// <param name="maxBytes">How much there is room for.</param>
    public static IReadOnlyList<T> Fitting<T>(IEnumerable<T> items, Func<T, int> bytesOf, int maxBytes = MaxList)
    {
        var (fitting, bytes) = (new List<T>(), 0);
        foreach (var item in items)
        {
            bytes += bytesOf(item);
            if (bytes > maxBytes && fitting.Count > 0)
                break;
            fitting.Add(item);
        }

        return fitting;
    }

    /// <summary>A failure with its text cut.</summary>
    public static HyperConnFailure Shortened(HyperConnFailure failure) => failure with { Message = Shortened(failure.Message) };

    /// <summary>A text, cut.</summary>
    public static string Shortened(string text) => text.Length <= MaxMessage ? text : $"{text[..MaxMessage]}…";

    public static int Of(TenantStatistics tenant) => OfTenant
        + (2 * (tenant.Tenant.Service.Length + tenant.Tenant.Org.Length))
        + Of(tenant.Username)
        + Of(tenant.Database)
        + Of(tenant.SecretVersion)
        + Of(tenant.LastFailure?.Message)
        + tenant.Servers.Sum(server => Of(server.Host) + 10);

    public static int Of(CircuitStatistics circuit) => OfOther + Of(circuit.Scope.ToString()) + Of(circuit.Failure.Message);

    public static int Of(OperatorRestriction restriction) => OfOther + Of(restriction.Target.ToString()) + Of(restriction.By) + Of(restriction.Reason);

    public static int Of(ServerEndpoint server) => OfOther + Of(server.Host);

    // JSON writes what is not ASCII as six characters.
    private static int Of(string? text) => text is null ? 0 : text.Sum(letter => char.IsAsciiLetterOrDigit(letter) ? 1 : 6);
}
