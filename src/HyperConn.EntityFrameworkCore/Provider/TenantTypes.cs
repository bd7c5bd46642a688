using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;

namespace HyperConn.EntityFrameworkCore.Provider;

/// <summary>Lets Npgsql know of types that were just made. The provider does it for Npgsql's own connections only.</summary>
internal static class TenantTypes
{
    public static void ReloadIfNeeded(IModel model, IRelationalConnection connection)
    {
        if (!HasTypes(model))
            return;
        connection.Open();
        try
        {
            ((TenantConnection)connection.DbConnection).Npgsql.ReloadTypes();
        }
        finally
        {
            connection.Close();
        }
    }

    public static async Task ReloadIfNeededAsync(IModel model, IRelationalConnection connection, CancellationToken cancellationToken)
    {
        if (!HasTypes(model))
            return;
        await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await ((TenantConnection)connection.DbConnection).Npgsql.ReloadTypesAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            await connection.CloseAsync().ConfigureAwait(false);
        }
    }

    private static bool HasTypes(IModel model) =>
        model.GetPostgresEnums().Any() || model.GetPostgresExtensions().Any() || PostgresRange.GetPostgresRanges(model).Any();
}
