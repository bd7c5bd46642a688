namespace HyperConn.Chaos.Observations;

/// <summary>A row found in a tenant's table.</summary>
/// <param name="Table">Whose table it is in.</param>
/// <param name="Tenant">Whose row it says it is.</param>
/// <param name="Id">Number of the write.</param>
internal sealed record WrittenRow(string Table, string Tenant, long Id);
