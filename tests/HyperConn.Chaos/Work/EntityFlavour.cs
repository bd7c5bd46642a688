using HyperConn.Chaos.World;
using Microsoft.EntityFrameworkCore;

namespace HyperConn.Chaos.Work;

/// <summary>Entity Framework Core, in a transaction.</summary>
internal sealed class EntityFlavour : IFlavour
{
    public string Name => "EF";

    public async Task DoAsync(Job job)
    {
        await using var context = job.Host.Contexts.CreateDbContext(job.Tenant.Key);
        await using var transaction = await context.Database.BeginTransactionAsync();
        var who = await context.Database.SqlQueryRaw<Who>(
            """select current_user::text as "User", current_database()::text as "Database", current_schema()::text as "Schema" """).SingleAsync();
        job.Saw(who.User, who.Database, who.Schema);
        context.Events.Add(new ChaosEvent { Tenant = job.Tenant.Name, Payload = job.Payload });
        await context.SaveChangesAsync();
        await transaction.CommitAsync();
        job.Acknowledge();
    }

    /// <summary>Whose session it is.</summary>
    private sealed record Who(string User, string Database, string? Schema);
}
