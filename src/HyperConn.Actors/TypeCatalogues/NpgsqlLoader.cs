using System.Diagnostics.CodeAnalysis;
using Npgsql.Internal;
using Npgsql.Util;

namespace HyperConn.TypeCatalogues;

/// <summary>
/// Answers Npgsql when a data source of HyperConn's loads its types, and leaves every other one to Npgsql. Npgsql keeps such loaders for the whole
/// process, so this one is registered when the first catalogue may be shared, once, and has no state.
/// </summary>
internal sealed class NpgsqlLoader : INpgsqlDatabaseInfoFactory
{
    private static readonly Task<NpgsqlDatabaseInfo?> NotOurs = Task.FromResult<NpgsqlDatabaseInfo?>(null);
    private static readonly Lazy<Registration> Registered = new(Register);

    private readonly NpgsqlInternals _npgsql;

    private NpgsqlLoader(NpgsqlInternals npgsql) => _npgsql = npgsql;

    /// <summary>Registers it, unless it is.</summary>
    /// <param name="missing">What this version of Npgsql lacks.</param>
    /// <returns>Null: types can't be shared with this version of Npgsql.</returns>
    public static NpgsqlInternals? TryRegister(out string missing)
    {
        missing = Registered.Value.Missing;
        return Registered.Value.Npgsql;
    }

    /// <summary>Loads the types of a data source that is HyperConn's; null: it is not, or Npgsql must.</summary>
    public Task<NpgsqlDatabaseInfo?> Load(NpgsqlConnector conn, NpgsqlTimeout timeout, bool async)
    {
        var source = _npgsql.DataSourceOf(conn);
        return _npgsql.PasswordProviderOf(source) is MarkedPassword { Catalogues: { } catalogues } mark
            ? catalogues.LoadAsync(new LoadRequest(this, _npgsql, conn, timeout, async) { LoggedInAt = mark.TakeLogin() }, mark.Tenant, isReload: _npgsql.HasTypes(source))
            : NotOurs;
    }

    [SuppressMessage("Design", "CA1031", Justification = "Whatever another version of Npgsql makes of it, its own way to load types is left.")]
    private static Registration Register()
    {
        var npgsql = NpgsqlInternals.TryBind(out var missing);
        if (npgsql is null)
            return new Registration(null, missing);
        try
        {
            NpgsqlDatabaseInfo.RegisterFactory(new NpgsqlLoader(npgsql));
            return new Registration(npgsql, "");
        }
        catch (Exception refused)
        {
            return new Registration(null, refused.GetType().Name);
        }
    }

    private sealed record Registration(NpgsqlInternals? Npgsql, string Missing);
}
