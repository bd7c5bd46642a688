namespace HyperConn.Schedules.Hooking;

/// <summary>
/// Atomic operations that are not: each reads, lets others go on, and writes. Woven in place of a whole one, to see whether a scenario finds it.
/// </summary>
public static class TornHooks
{
    public static int CompareExchange(ref int location, int value, int comparand, int site)
    {
        Hooks.Point(site);
        var seen = location;
        if (seen != comparand)
            return seen;
        Hooks.Point(site);
        location = value;
        return seen;
    }

    public static long CompareExchange(ref long location, long value, long comparand, int site)
    {
        Hooks.Point(site);
        var seen = location;
        if (seen != comparand)
            return seen;
        Hooks.Point(site);
        location = value;
        return seen;
    }

    public static T CompareExchange<T>(ref T location, T value, T comparand, int site)
        where T : class?
    {
        Hooks.Point(site);
        var seen = location;
        if (!ReferenceEquals(seen, comparand))
            return seen;
        Hooks.Point(site);
        location = value;
        return seen;
    }

    public static int Exchange(ref int location, int value, int site)
    {
        Hooks.Point(site);
        var seen = location;
        Hooks.Point(site);
        location = value;
        return seen;
    }

    public static long Exchange(ref long location, long value, int site)
    {
        Hooks.Point(site);
        var seen = location;
        Hooks.Point(site);
        location = value;
        return seen;
    }

    public static T Exchange<T>(ref T location, T value, int site)
        where T : class?
    {
        Hooks.Point(site);
        var seen = location;
        Hooks.Point(site);
        location = value;
        return seen;
    }

    public static int Increment(ref int location, int site) => Add(ref location, 1, site);

    public static long Increment(ref long location, int site) => Add(ref location, 1, site);

    public static int Decrement(ref int location, int site) => Add(ref location, -1, site);

    public static long Decrement(ref long location, int site) => Add(ref location, -1, site);

    public static int Add(ref int location, int value, int site)
    {
        Hooks.Point(site);
        var sum = location + value;
        Hooks.Point(site);
        return location = sum;
    }

    public static long Add(ref long location, long value, int site)
    {
        Hooks.Point(site);
        var sum = location + value;
        Hooks.Point(site);
        return location = sum;
    }

    public static long Or(ref long location, long value, int site)
    {
        Hooks.Point(site);
        var before = location;
        Hooks.Point(site);
        location = before | value;
        return before;
    }

    public static long And(ref long location, long value, int site)
    {
        Hooks.Point(site);
        var before = location;
        Hooks.Point(site);
        location = before & value;
        return before;
    }
}
