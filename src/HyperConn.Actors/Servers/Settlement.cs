namespace HyperConn.Servers;

/// <summary>What one <see cref="BudgetLedger.Settle"/> did that is worth a word.</summary>
/// <param name="Granted">Permits granted.</param>
/// <param name="AskedHolders">Holders asked to give back idle permits.</param>
/// <param name="AskedPermits">Permits they should give back.</param>
/// <param name="Unanswered">Earlier requests given up.</param>
/// <param name="Recovered">Whether a learned ceiling is gone.</param>
internal readonly record struct Settlement(int Granted, int AskedHolders, int AskedPermits, int Unanswered, bool Recovered);
