using System.Globalization;

namespace HyperConn.Benchmarks.Running;

/// <summary>Numbers for people.</summary>
internal static class Units
{
    public static string Nanoseconds(double value) => value switch
    {
        < 1_000 => Text(value, "0.#", "ns"),
        < 1_000_000 => Text(value / 1_000, "0.##", "µs"),
        < 1_000_000_000 => Text(value / 1_000_000, "0.##", "ms"),
        _ => Text(value / 1_000_000_000, "0.##", "s"),
    };

    public static string Milliseconds(double value) => Nanoseconds(value * 1_000_000);

    public static string Bytes(double value) => value < 10_000 ? Text(value, "0", "B") : Text(value / 1_024, "0.#", "KiB");

    public static string Spread(Comparison comparison) =>
        string.Create(CultureInfo.InvariantCulture, $"{comparison.Low:0.000}–{comparison.High:0.000}, {comparison.Rounds} pairs");

    public static string Text(double value, string format, string unit) => value.ToString(format, CultureInfo.InvariantCulture) + " " + unit;
}
