using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Legends;
using OxyPlot.Series;

namespace HyperConn.Benchmarks.Figures;

/// <summary>The results as pictures: one figure by the number of tenants, a line a contender.</summary>
internal static class FigureCharts
{
    private const int Width = 720;
    private const int Height = 400;

    // Told apart by shape as well, for those who don't see the colours.
    private static readonly (OxyColor Color, MarkerType Marker)[] Styles =
    [
        (OxyColor.Parse("#0b6e4f"), MarkerType.Circle), (OxyColor.Parse("#b3541e"), MarkerType.Square),
        (OxyColor.Parse("#3b5ba5"), MarkerType.Triangle), (OxyColor.Parse("#7a3b8f"), MarkerType.Diamond),
    ];

    private static readonly (string File, string Title, string Unit, (string Figure, LineStyle Style)[] Lines)[] Charts =
    [
        ("figures-first-answers", "First answers of all tenants, 32 callers, 60 sessions", "seconds", [(FigureNames.FirstAnswers, LineStyle.Solid)]),
        ("figures-opens", "Opens under a Zipf load, 30 a second: p50 (dashed) and p99 (solid)", "milliseconds",
            [(FigureNames.P99, LineStyle.Solid), (FigureNames.Median, LineStyle.Dash)]),
        ("figures-memory", "Managed memory after the first answers", "MB", [(FigureNames.Managed, LineStyle.Solid)]),
        ("figures-drain", "Drain", "seconds", [(FigureNames.Drain, LineStyle.Solid)]),
    ];

    public static void Draw(IReadOnlyList<FigureResult> results, DirectoryInfo into)
    {
        into.Create();
        foreach (var (file, title, unit, lines) in Charts)
            Write(ByTenants(results, title, unit, lines), file, into);
        Write(Churn(results), "figures-churn", into);
        Write(Operator(results), "figures-operator", into);
    }

    private static PlotModel ByTenants(IReadOnlyList<FigureResult> results, string title, string unit, (string Figure, LineStyle Style)[] lines)
    {
        var plot = Empty(title, "tenants", unit);
        foreach (var contender in Contenders.All)
        {
            foreach (var (figure, style) in lines)
            {
                var line = Line(contender, style, lines[0].Figure == figure ? contender : null);
                line.Points.AddRange(results
                    .Where(result => result.Contender == contender && result.Values.ContainsKey(figure))
                    .Select(result => new DataPoint(result.Tenants, result.Values[figure])));
                if (line.Points.Count > 0)
                    plot.Series.Add(line);
            }
        }

        return plot;
    }

    private static PlotModel Churn(IReadOnlyList<FigureResult> results)
    {
        var most = results.Count == 0 ? 0 : results.Max(result => result.Tenants);
        var plot = Empty(FormattableString.Invariant($"Every open needs a new pool: {most:#,0} tenants, one after the other"), "pools kept (cap)", "pools a second");
        foreach (var contender in Contenders.All)
        {
            var line = Line(contender, LineStyle.Solid, contender);
            foreach (var result in results.Where(result => result.Contender == contender && result.Tenants == most))
            {
                line.Points.AddRange(FigurePlan.Caps
                    .Where(cap => result.Values.ContainsKey(FigureNames.Churn(cap)))
                    .Select(cap => new DataPoint(cap, result.Values[FigureNames.Churn(cap)])));
            }

            if (line.Points.Count > 0)
                plot.Series.Add(line);
        }

        return plot;
    }

    private static PlotModel Operator(IReadOnlyList<FigureResult> results)
    {
        var plot = Empty("What an operator asks for, every tenant with a pool", "tenants", "milliseconds");
        string[] figures = [FigureNames.Statistics, FigureNames.Scrape, FigureNames.Overview];
        for (var i = 0; i < figures.Length; i++)
        {
            var line = Line(Contenders.All[i], LineStyle.Solid, figures[i].Replace(", ms", "", StringComparison.Ordinal));
            line.Points.AddRange(results
                .Where(result => result.Values.ContainsKey(figures[i]))
                .Select(result => new DataPoint(result.Tenants, result.Values[figures[i]])));
            plot.Series.Add(line);
        }

        return plot;
    }

    private static PlotModel Empty(string title, string across, string up)
    {
        var plot = new PlotModel { Title = title, TitleFontSize = 14, TitleFontWeight = FontWeights.Normal, DefaultFont = "Arial", Background = OxyColors.White };
        plot.Axes.Add(Logarithmic(AxisPosition.Bottom, across));
        plot.Axes.Add(Logarithmic(AxisPosition.Left, up));
        plot.Legends.Add(new Legend
        {
            LegendPosition = LegendPosition.BottomCenter,
            LegendPlacement = LegendPlacement.Outside,
            LegendOrientation = LegendOrientation.Horizontal,

            // Fonts of browsers are wider than what is measured here.
            LegendItemSpacing = 56,
            LegendPadding = 30,
            LegendFontSize = 11,
        });
        return plot;
    }

    private static LogarithmicAxis Logarithmic(AxisPosition where, string title) => new()
    {
        Position = where,
        Title = title,
        MajorGridlineStyle = LineStyle.Solid,
        MajorGridlineColor = OxyColor.Parse("#dddddd"),
        AxisTitleDistance = 12,
        StringFormat = "#,0.###",
        MinimumPadding = 0.1,
        MaximumPadding = 0.1,
    };

    private static LineSeries Line(string contender, LineStyle style, string? title)
    {
        var (color, marker) = Styles[Contenders.All.ToList().IndexOf(contender)];
        return new LineSeries
        {
            Title = title,
            RenderInLegend = title is not null,
            Color = color,
            LineStyle = style,
            MarkerType = marker,
            MarkerFill = color,
            MarkerSize = 4,
        };
    }

    private static void Write(PlotModel plot, string file, DirectoryInfo into)
    {
        // Without something that measures text, legends are cut off.
        var measure = new PdfRenderContext(Width, Height, OxyColors.White);
        var text = SvgExporter.ExportToString(plot, Width, Height, isDocument: true, measure);
        File.WriteAllText(Path.Combine(into.FullName, file + ".svg"), text + "\n");
    }
}
