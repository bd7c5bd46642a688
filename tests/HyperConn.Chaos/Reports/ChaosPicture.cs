using HyperConn.Chaos.Rounds;
using OxyPlot;
using OxyPlot.Annotations;
using OxyPlot.Axes;
using OxyPlot.Legends;
using OxyPlot.Series;

namespace HyperConn.Chaos.Reports;

/// <summary>A run as a picture: what was done and what failed each second, sessions, and the faults as bars above them.</summary>
internal static class ChaosPicture
{
    private const int Width = 1_100;
    private const int Height = 620;
    private const int Lanes = 10;

    private static readonly OxyColor[] Colors =
        [OxyColor.Parse("#3b5ba5"), OxyColor.Parse("#7a3b8f"), OxyColor.Parse("#b3541e"), OxyColor.Parse("#8a8a3a")];

    public static string Draw(ChaosRun run, ChaosOptions options)
    {
        var plot = new PlotModel
        {
            Title = FormattableString.Invariant($"seed {options.Seed}, {options.Tenants:#,0} tenants, {run.Rounds.Count} rounds: {(run.IsSound ? "no finding" : "findings")}"),
            TitleFontSize = 14,
            TitleFontWeight = FontWeights.Normal,
            DefaultFont = "Arial",
            Background = OxyColors.White,
        };
        var seconds = run.Journal.Timeline.Seconds;
        var (from, to) = (seconds[0].At, seconds[^1].At + 1);
        var most = seconds.Max(second => second.Done + second.Errors) + 1;
        // Room at the right for the name of a fault that ends with the run.
        plot.Axes.Add(Axis(AxisPosition.Bottom, "seconds", "time", from, to + ((to - from) * 0.08), 0, 1));
        plot.Axes.Add(Axis(AxisPosition.Left, "work a second", "work", 0, most, 0.35, 0.66));
        plot.Axes.Add(Axis(AxisPosition.Left, "sessions", "sessions", 0, 60, 0, 0.32));
        plot.Axes.Add(new LinearAxis
        {
            Key = "faults",
            Position = AxisPosition.Left,
            Minimum = 0,
            Maximum = Lanes,
            StartPosition = 0.69,
            EndPosition = 1,
            IsAxisVisible = false,
        });
        plot.Legends.Add(new Legend
        {
            LegendPosition = LegendPosition.BottomCenter,
            LegendPlacement = LegendPlacement.Outside,
            LegendOrientation = LegendOrientation.Horizontal,
            LegendItemSpacing = 50,
            LegendFontSize = 11,
        });
        plot.Series.Add(Line("done", OxyColor.Parse("#0b6e4f"), "work", seconds.Select(second => (second.At, second.Done))));
        plot.Series.Add(Line("failed", OxyColors.Red, "work", seconds.Select(second => (second.At, second.Errors))));
        foreach (var (endpoint, place) in run.Journal.Budget.Totals.Keys.Order(StringComparer.Ordinal).Select((endpoint, place) => (endpoint, place)))
        {
            plot.Series.Add(Line(
                $"sessions at {endpoint[(endpoint.LastIndexOf(':') + 1)..]}", Colors[place % Colors.Length], "sessions",
                seconds.Where(second => second.Most.ContainsKey(endpoint)).Select(second => (second.At, second.Most[endpoint]))));
        }

        AddFaults(plot, run, to);
        return SvgExporter.ExportToString(plot, Width, Height, isDocument: true, new PdfRenderContext(Width, Height, OxyColors.White)) + "\n";
    }

    private static void AddFaults(PlotModel plot, ChaosRun run, int to)
    {
        // Names only where there is room for them.
        var named = run.Journal.Windows.Count <= 60;
        foreach (var (window, place) in run.Journal.Windows.Select((window, place) => (window, place)))
        {
            var lane = Lanes - 1 - (place % Lanes);
            plot.Annotations.Add(new RectangleAnnotation
            {
                XAxisKey = "time",
                YAxisKey = "faults",
                MinimumX = window.Begun.TotalSeconds,
                MaximumX = window.Ended?.TotalSeconds ?? to,
                MinimumY = lane + 0.1,
                MaximumY = lane + 0.9,
                Fill = OxyColor.FromAColor(150, Colors[place % Colors.Length]),
            });
            if (named)
            {
                plot.Annotations.Add(new TextAnnotation
                {
                    XAxisKey = "time",
                    YAxisKey = "faults",
                    Text = window.Fault,
                    TextPosition = new DataPoint((window.Ended?.TotalSeconds ?? to) + ((to - plot.Axes[0].Minimum) * 0.003), lane + 0.5),
                    TextHorizontalAlignment = HorizontalAlignment.Left,
                    TextVerticalAlignment = VerticalAlignment.Middle,
                    FontSize = 9,
                    StrokeThickness = 0,
                });
            }
        }
    }

    private static LinearAxis Axis(AxisPosition where, string title, string key, double from, double to, double starts, double ends) => new()
    {
        Key = key,
        Position = where,
        Title = title,
        Minimum = from,
        Maximum = to,
        StartPosition = starts,
        EndPosition = ends,
        MajorGridlineStyle = LineStyle.Solid,
        MajorGridlineColor = OxyColor.Parse("#dddddd"),
        AxisTitleDistance = 10,
    };

    private static LineSeries Line(string title, OxyColor color, string axis, IEnumerable<(int At, int Value)> points)
    {
        var line = new LineSeries { Title = title, Color = color, StrokeThickness = 1.2, XAxisKey = "time", YAxisKey = axis };
        line.Points.AddRange(points.Select(point => new DataPoint(point.At, point.Value)));
        return line;
    }
}
