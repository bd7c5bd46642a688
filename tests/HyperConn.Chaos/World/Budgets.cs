using System.Collections.Concurrent;

namespace HyperConn.Chaos.World;

/// <summary>The limit of each endpoint, as the faults set it.</summary>
internal sealed class Budgets
{
    /// <summary>The declared limit of every endpoint.</summary>
    public const int Normal = 40;

    private readonly ConcurrentDictionary<ServerEndpoint, int> _lowered = new();

    /// <summary>Told when a limit has changed.</summary>
    public event Action? Changed;

    public int Of(ServerEndpoint endpoint) => _lowered.GetValueOrDefault(endpoint, Normal);

    public void Set(ServerEndpoint endpoint, int limit)
    {
        _lowered[endpoint] = limit;
        Changed?.Invoke();
    }
}
