using Akka.Configuration;
using Akka.Configuration.Hocon;

namespace HyperConn.Host;

/// <summary>Finds values that stand for themselves (<c>a = ${b}</c>, <c>b = ${a}</c>): whoever reads one never comes back.</summary>
internal static class HoconCycles
{
    /// <summary>Looks at all values.</summary>
    /// <returns>The substitutions that go in a circle, such as <c>${b} ${a}</c>; null: none do.</returns>
    public static string? Find(Config config)
    {
        var path = new List<HoconSubstitution>();
        var (above, known) = (new HashSet<HoconValue>(ReferenceEqualityComparer.Instance), new HashSet<HoconValue>(ReferenceEqualityComparer.Instance));
        return Circles(config.Root, above, known, path) ? string.Join(' ', path.Select(s => $"${{{s.Path}}}").Distinct()) : null;
    }

    private static bool Circles(HoconValue? value, HashSet<HoconValue> above, HashSet<HoconValue> known, List<HoconSubstitution> path)
    {
        if (value is null || known.Contains(value))
            return false;
        if (!above.Add(value))
            return true;
        foreach (var element in value.Values)
        {
            if (Circles(element, above, known, path))
                return true;
        }

        above.Remove(value);
        known.Add(value);
        return false;
    }

    private static bool Circles(IHoconElement element, HashSet<HoconValue> above, HashSet<HoconValue> known, List<HoconSubstitution> path)
    {
        switch (element)
        {
            case HoconObject section:
                return section.Items.Values.Any(item => Circles(item, above, known, path));
            case HoconArray list:
                return list.Any(item => Circles(item, above, known, path));
            case HoconSubstitution substitution:
                path.Add(substitution);
                if (Circles(substitution.ResolvedValue, above, known, path))
                    return true;
                path.RemoveAt(path.Count - 1);
                return false;
            default:
                return false;
        }
    }
}
