using System.Globalization;
using System.Text;

namespace HyperConn.Benchmarks.Figures;

/// <summary>The results as a table for a README.</summary>
internal static class FigureTable
{
    public static string Of(IReadOnlyList<FigureResult> results)
    {
        var contenders = Contenders.All.Where(name => results.Any(result => result.Contender == name)).ToArray();
        var text = new StringBuilder()
            .AppendLine(CultureInfo.InvariantCulture, $"| tenants | | {string.Join(" | ", contenders)} |")
            .AppendLine(CultureInfo.InvariantCulture, $"|---|---|{string.Concat(contenders.Select(_ => "---|"))}");
        foreach (var tenants in results.GroupBy(result => result.Tenants))
        {
            foreach (var name in tenants.SelectMany(result => result.Values.Keys).Distinct())
                Line(tenants, name, result => result.Values.TryGetValue(name, out var value) ? Number(value) : "");
            foreach (var phase in tenants.SelectMany(result => result.Errors.Keys).Distinct())
                Line(tenants, $"errors, {phase}", result => result.Errors.TryGetValue(phase, out var errors) ? string.Join(", ", errors.Select(e => $"{e.Value} × {e.Key}")) : "0");
            if (tenants.Any(result => result.WrongTenants > 0))
                Line(tenants, "wrong tenants", result => result.WrongTenants.ToString(CultureInfo.InvariantCulture));
        }

        return text.ToString();

        void Line(IGrouping<int, FigureResult> tenants, string name, Func<FigureResult, string> cell) => text.AppendLine(
            CultureInfo.InvariantCulture,
            $"| {tenants.Key:#,0} | {name} | {string.Join(" | ", contenders.Select(c => tenants.FirstOrDefault(r => r.Contender == c) is { } r ? cell(r) : ""))} |");
    }

    private static string Number(double value) => value.ToString(value < 10 ? "0.##" : value < 100 ? "0.#" : "#,0", CultureInfo.InvariantCulture);
}
