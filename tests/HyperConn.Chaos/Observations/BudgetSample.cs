namespace HyperConn.Chaos.Observations;

/// <summary>Sessions of the manager at one endpoint, counted at the server.</summary>
internal sealed record BudgetSample(string Endpoint, TimeSpan At, int Sessions, int Limit);
