namespace HyperConn.Benchmarks.Running;

/// <summary>One line of the result.</summary>
/// <param name="Measure">What was measured.</param>
/// <param name="Against">The rival.</param>
/// <param name="Rival">The rival's figure, with unit.</param>
/// <param name="Ours">Our figure, with unit.</param>
/// <param name="Ratio">Ours to the rival's; null where the bound is absolute.</param>
/// <param name="Spread">Quartiles of the ratio and how many rounds, or other words on how sure it is.</param>
/// <param name="Bound">The bound, in words.</param>
/// <param name="Holds">Whether it holds; null: nothing is promised, the figure is for information.</param>
internal sealed record Row(
    string Measure, string Against, string Rival, string Ours, double? Ratio, string Spread, string Bound, bool? Holds);
