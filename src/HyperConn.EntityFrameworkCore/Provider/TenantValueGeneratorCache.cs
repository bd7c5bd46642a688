using System.Runtime.CompilerServices;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.EntityFrameworkCore.ValueGeneration;
using Npgsql.EntityFrameworkCore.PostgreSQL.ValueGeneration.Internal;

namespace HyperConn.EntityFrameworkCore.Provider;

/// <summary>
/// Keeps what is left of the blocks of numbers that <c>UseHiLo</c> took from sequences, for each tenant of each manager. The provider tells sequences
/// apart by server, database and name, which two tenants in schemas of one database share.
/// </summary>
internal sealed class TenantValueGeneratorCache(ValueGeneratorCacheDependencies dependencies) : NpgsqlValueGeneratorCache(dependencies)
{
    private readonly ConditionalWeakTable<ITenantPools, TenantSequences> _states = [];

    public override NpgsqlSequenceValueGeneratorState GetOrAddSequenceState(IProperty property, IRelationalConnection connection)
    {
        var owner = (TenantRelationalConnection)connection;
        var sequence = property.FindHiLoSequence() ?? throw new InvalidOperationException($"{property.Name} has no sequence.");
        return _states.GetOrCreateValue(owner.Pools).Of(owner.Tenant, sequence);
    }
}
