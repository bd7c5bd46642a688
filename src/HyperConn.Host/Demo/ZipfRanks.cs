namespace HyperConn.Host.Demo;

/// <summary>Numbers from 0 by chance in the way of the world: the k-th has 1/k of the first one's (Zipf's law).</summary>
internal sealed class ZipfRanks
{
    private readonly double[] _cumulated;
    private readonly Random _random;

    public ZipfRanks(int count, Random random)
    {
        _random = random;
        _cumulated = new double[count];
        var sum = 0.0;
        for (var k = 0; k < count; k++)
            _cumulated[k] = sum += 1.0 / (k + 1);
    }

    public int Next()
    {
        var at = Array.BinarySearch(_cumulated, _random.NextDouble() * _cumulated[^1]);
        return Math.Min(at < 0 ? ~at : at, _cumulated.Length - 1);
    }
}
