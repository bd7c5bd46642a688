using HyperConn.Chaos.Observations;

namespace HyperConn.Chaos.Faults;

/// <summary>Classes of errors that several faults explain. Why each is one: docs/proof.md.</summary>
internal static class Errors
{
    /// <summary>Statements on connections that end under them.</summary>
    public static readonly IReadOnlyList<string> Ended =
        [ErrorClass.Broken, ErrorClass.OfState("57P01"), ErrorClass.OfState("57P02"), ErrorClass.OfState("57P03")];

    /// <summary>Opens whose deadline passes while nobody can be reached.</summary>
    public static readonly IReadOnlyList<string> Unreachable =
        [ErrorClass.Of(HyperConnErrorCode.ServerUnreachable), ErrorClass.Of(HyperConnErrorCode.TimedOut), ErrorClass.Of(HyperConnErrorCode.BudgetTimedOut)];

    /// <summary>A server that dies.</summary>
    public static readonly IReadOnlyList<string> Dead = [.. Ended, .. Unreachable];

    /// <summary>A server that neither answers nor dies: statements run into their time-out.</summary>
    public static readonly IReadOnlyList<string> Silent = [.. Dead, ErrorClass.Timeout];

    /// <summary>What PgBouncer puts everything under that happens to it or behind it.</summary>
    public static readonly string PoolerSays = ErrorClass.OfState("08P01");
}
