using System.Text;

namespace HyperConn.Schedules.Exploring;

/// <summary>One step of a schedule.</summary>
/// <param name="Options">Who could have taken it; the default first.</param>
/// <param name="Chosen">Who did.</param>
/// <param name="Site">What was done.</param>
/// <param name="CurrentMay">Whether the one that took the step before is the first of the options: then all others preempt it.</param>
internal sealed record Step(int[] Options, int Chosen, int Site, bool CurrentMay)
{
    public bool Preempts => CurrentMay && Chosen != Options[0];
}

/// <summary>Schedules as text.</summary>
internal static class Trace
{
    /// <summary>Who takes each step: <c>0*3 1 0*2</c>.</summary>
    public static string Choices(IReadOnlyList<Step> steps)
    {
        var text = new StringBuilder();
        for (var i = 0; i < steps.Count;)
        {
            var end = i;
            while (end < steps.Count && steps[end].Chosen == steps[i].Chosen)
                end++;
            text.Append(text.Length == 0 ? "" : " ").Append(steps[i].Chosen);
            if (end - i > 1)
                text.Append('*').Append(end - i);
            i = end;
        }

        return text.ToString();
    }

    public static IReadOnlyList<int> Parse(string choices)
    {
        var parsed = new List<int>();
        foreach (var part in choices.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var numbers = part.Split('*');
            var times = numbers.Length > 1 ? int.Parse(numbers[1], null) : 1;
            parsed.AddRange(Enumerable.Repeat(int.Parse(numbers[0], null), times));
        }

        return parsed;
    }

    /// <summary>One line a step; where another thread goes on, its number.</summary>
    public static string Of(IReadOnlyList<Step> steps)
    {
        var text = new StringBuilder();
        foreach (var step in steps)
            text.Append("  ").Append(step.Chosen).Append(step.Preempts ? "! " : "  ").Append(Sites.Of(step.Site)).Append('\n');
        return text.ToString();
    }
}
