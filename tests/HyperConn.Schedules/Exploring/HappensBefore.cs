namespace HyperConn.Schedules.Exploring;

/// <summary>
/// Which steps of a schedule are ordered by locks and atomic operations, and so whether two uses of a plain field are. Vector clocks, one for
/// each thread and for each thing that orders. Where no schedule has a race, threads see memory as if it were changed one step at a time,
/// and to switch threads at locks and atomic operations only leaves nothing out.
/// </summary>
internal sealed class HappensBefore
{
    private readonly int[][] _clocks;
    private readonly Dictionary<nint, int[]> _byAddress = [];
    private readonly Dictionary<object, int[]> _byObject = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<string, int[]> _byName = new(StringComparer.Ordinal);
    private readonly Dictionary<nint, Uses> _fields = [];
    private readonly Dictionary<object, Uses> _objects = new(ReferenceEqualityComparer.Instance);

    public HappensBefore(int threads)
    {
        _clocks = new int[threads][];
        for (var i = 0; i < threads; i++)
        {
            _clocks[i] = new int[threads];
            _clocks[i][i] = 1;
        }
    }

    public void Acquire(int thread, nint address)
    {
        if (_byAddress.TryGetValue(address, out var clock))
            Join(_clocks[thread], clock);
    }

    /// <summary>A write: who reads it is behind this one only.</summary>
    public void Release(int thread, nint address)
    {
        _byAddress[address] = (int[])_clocks[thread].Clone();
        _clocks[thread][thread]++;
    }

    /// <summary>Read and write in one: who reads it is behind this one and those before.</summary>
    public void Exchange(int thread, nint address)
    {
        if (!_byAddress.TryGetValue(address, out var clock))
            _byAddress[address] = clock = new int[_clocks.Length];
        Exchange(thread, clock);
    }

    public void AcquireObject(int thread, object gate)
    {
        if (_byObject.TryGetValue(gate, out var clock))
            Join(_clocks[thread], clock);
    }

    public void ReleaseObject(int thread, object gate)
    {
        if (!_byObject.TryGetValue(gate, out var clock))
            _byObject[gate] = clock = new int[_clocks.Length];
        Exchange(thread, clock);
    }

    public void ExchangeNamed(int thread, string name)
    {
        if (!_byName.TryGetValue(name, out var clock))
            _byName[name] = clock = new int[_clocks.Length];
        Exchange(thread, clock);
    }

    public void AcquireNamed(int thread)
    {
        foreach (var clock in _byName.Values)
            Join(_clocks[thread], clock);
    }

    /// <summary>A use of a plain field; the fault, if it is not ordered with one by another thread.</summary>
    public Fault? Use(int thread, nint address, int site, bool writes)
    {
        if (!_fields.TryGetValue(address, out var uses))
            _fields[address] = uses = new Uses(_clocks.Length);
        return Use(thread, uses, site, writes);
    }

    /// <summary>A use of a collection.</summary>
    public Fault? UseObject(int thread, object collection, int site, bool writes)
    {
        if (!_objects.TryGetValue(collection, out var uses))
            _objects[collection] = uses = new Uses(_clocks.Length);
        return Use(thread, uses, site, writes);
    }

    private Fault? Use(int thread, Uses uses, int site, bool writes)
    {
        var clock = _clocks[thread];
        for (var other = 0; other < clock.Length; other++)
        {
            if (other == thread)
                continue;
            if (uses.WrittenAt[other] > clock[other])
                return Race(other, uses.WrittenBy[other], thread, site);
            if (writes && uses.ReadAt[other] > clock[other])
                return Race(other, uses.ReadBy[other], thread, site);
        }

        if (writes)
            (uses.WrittenAt[thread], uses.WrittenBy[thread]) = (clock[thread], site);
        else
            (uses.ReadAt[thread], uses.ReadBy[thread]) = (clock[thread], site);
        return null;
    }

    private static Fault Race(int other, int before, int thread, int site) =>
        new(FaultKind.Race, $"Nothing orders thread {other} at {Sites.Of(before)} and thread {thread} at {Sites.Of(site)}.");

    private void Exchange(int thread, int[] clock)
    {
        Join(_clocks[thread], clock);
        Join(clock, _clocks[thread]);
        _clocks[thread][thread]++;
    }

    private static void Join(int[] clock, int[] with)
    {
        for (var i = 0; i < clock.Length; i++)
            clock[i] = Math.Max(clock[i], with[i]);
    }

    /// <summary>When each thread last wrote and read something, and where.</summary>
    private sealed class Uses(int threads)
    {
        public int[] WrittenAt { get; } = new int[threads];

        public int[] WrittenBy { get; } = new int[threads];

        public int[] ReadAt { get; } = new int[threads];

        public int[] ReadBy { get; } = new int[threads];
    }
}
