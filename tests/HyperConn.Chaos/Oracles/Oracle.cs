using HyperConn.Chaos.Observations;

namespace HyperConn.Chaos.Oracles;

/// <summary>Judges observations of one kind. Thread-safe.</summary>
internal abstract class Oracle
{
    // The first ones tell most, and a report is read by people.
    private const int Kept = 100;

    private readonly Lock _gate = new();
    private readonly List<Finding> _findings = [];
    private long _observations;
    private int _found;

    /// <summary>Told each of the first findings as it is made, so that nobody has to wait for the report.</summary>
    public event Action<Finding>? Made;

    /// <summary>Short name, for tables.</summary>
    public abstract string Name { get; }

    /// <summary>What it watches, for people.</summary>
    public abstract string Watches { get; }

    /// <summary>How many observations it made. An oracle that saw nothing has proved nothing.</summary>
    public long Observations => Interlocked.Read(ref _observations);

    /// <summary>How many findings there were.</summary>
    public int Found => Volatile.Read(ref _found);

    /// <summary>The first of them.</summary>
    public IReadOnlyList<Finding> Findings
    {
        get
        {
            lock (_gate)
                return [.. _findings];
        }
    }

    protected void Observed(long count = 1) => Interlocked.Add(ref _observations, count);

    protected void Find(string what) => Find(RunClock.Now, what);

    protected void Find(TimeSpan at, string what)
    {
        Interlocked.Increment(ref _found);
        var finding = new Finding(at, what);
        lock (_gate)
        {
            if (_findings.Count == Kept)
                return;
            _findings.Add(finding);
        }

        Made?.Invoke(finding);
    }
}
