namespace ReportWorker;

/// <summary>Section "Report" of the settings.</summary>
internal sealed class ReportOptions
{
    /// <summary>Time between two reports; zero: one report, and the worker ends.</summary>
    public TimeSpan Every { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Tenants asked at once. More than a server's budget only means that they wait in its queue. 1 to 1,000.</summary>
    public int AtOnce { get; set; } = 16;
}
