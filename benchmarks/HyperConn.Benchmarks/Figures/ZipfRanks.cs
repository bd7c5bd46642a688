namespace HyperConn.Benchmarks.Figures;

/// <summary>Numbers from 0, each with a chance of one by its place: a few tenants have most of the load, most have hardly any.</summary>
internal sealed class ZipfRanks
{
    private readonly double[] _upTo;
    private readonly Random _random;

    public ZipfRanks(int count, int seed)
    {
        _random = new Random(seed);
        _upTo = new double[count];
        var sum = 0.0;
        for (var i = 0; i < count; i++)
            _upTo[i] = sum += 1.0 / (i + 1);
    }

    public int Next()
    {
        var place = Array.BinarySearch(_upTo, _random.NextDouble() * _upTo[^1]);
        return Math.Min(place < 0 ? ~place : place, _upTo.Length - 1);
    }
}
