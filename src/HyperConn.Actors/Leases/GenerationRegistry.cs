using System.Collections;
using System.Collections.Concurrent;

namespace HyperConn.Leases;

/// <summary>Every generation that is not closed, those that drain included. Thread-safe; looking through it copies nothing.</summary>
internal sealed class GenerationRegistry : IEnumerable<PoolGeneration>
{
    private readonly ConcurrentDictionary<PoolGeneration, byte> _generations = new();

    public int Count => _generations.Count;

    /// <summary>Leases open now.</summary>
    public int LeasesOpen => this.Sum(generation => generation.Word.Leases);

    public void Add(PoolGeneration generation) => _generations.TryAdd(generation, 0);

    public void Remove(PoolGeneration generation) => _generations.TryRemove(generation, out _);

    public IEnumerator<PoolGeneration> GetEnumerator()
    {
        foreach (var (generation, _) in _generations)
            yield return generation;
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
