namespace HyperConn.Host.Workers;

/// <summary>What is done with an event. Called from many threads at once.</summary>
internal interface ITenantEventHandler
{
    /// <summary>Handles one event on its tenant's database. An exception counts as <see cref="EventResult.Failed"/>.</summary>
    Task<EventOutcome> HandleAsync(TenantDataSource tenant, TenantEvent work);
}
