using HyperConn.Chaos.Observations;

namespace HyperConn.Chaos.Faults;

/// <summary>Sites that suffer together.</summary>
internal static class Sites
{
    /// <summary>Those with the first server behind them.</summary>
    public static readonly IReadOnlyList<Site> OfFirst = [Site.Direct, Site.Pooled];

    /// <summary>The way to the first server.</summary>
    public static readonly IReadOnlyList<Site> Direct = [Site.Direct];

    /// <summary>The pooler.</summary>
    public static readonly IReadOnlyList<Site> Pooled = [Site.Pooled];

    /// <summary>The second server.</summary>
    public static readonly IReadOnlyList<Site> OfSecond = [Site.Replicated];
}
