namespace HyperConn.Events.Sources;

/// <summary>How long something that was handed back is kept from everybody, so that what keeps failing isn't taken again without
/// end.</summary>
internal static class ReturnPause
{
    private const int TriesWithoutPause = 3;
    private const int Longest = 60;

    /// <summary>Seconds after as many tries: none for the first ones, which a stop or a passing fault explains.</summary>
    public static int Seconds(int tries) =>
        tries <= TriesWithoutPause ? 0 : (int)Math.Min(Longest, Math.Pow(2, tries - TriesWithoutPause - 1));
}
