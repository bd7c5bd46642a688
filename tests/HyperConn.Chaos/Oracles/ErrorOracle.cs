using System.Collections.Concurrent;
using HyperConn.Chaos.Observations;

namespace HyperConn.Chaos.Oracles;

/// <summary>Every error is of a class that a fault in force explains.</summary>
internal sealed class ErrorOracle : Oracle
{
    private readonly ConcurrentDictionary<(string Fault, string Class), long> _explained = new();

    public override string Name => "errors";

    public override string Watches => "each piece of work, and when it failed, whether a fault in force allows that error";

    /// <summary>Errors by the fault that explains them and their class.</summary>
    public IReadOnlyDictionary<(string Fault, string Class), long> Explained => _explained;

    /// <summary>A piece of work ended well.</summary>
    public void Succeeded() => Observed();

    /// <summary>One failed.</summary>
    /// <param name="error">Its error.</param>
    /// <param name="windows">Faults that are or were in force.</param>
    public void Judge(ErrorFact error, IReadOnlyCollection<FaultWindow> windows)
    {
        Observed();
        var touching = windows.Where(window => window.Touches(error.Began, error.At)).ToArray();
        if (touching.FirstOrDefault(window => window.Allowed.Any(allowance => allowance.Allows(error))) is { } cause)
        {
            _explained.AddOrUpdate((cause.Fault, error.Class), 1, (_, count) => count + 1);
            return;
        }

        var faults = touching.Length == 0 ? "no fault" : string.Join(", ", touching.Select(window => window.Fault));
        Find(
            error.At,
            $"{error.Class} of {error.Tenant} ({error.Site}, {error.Flavour}, after {(error.At - error.Began).TotalSeconds:0.0} s) with {faults} in force: {error.Detail}");
    }
}
