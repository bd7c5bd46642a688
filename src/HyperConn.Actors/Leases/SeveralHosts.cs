using System.Reflection;
using Npgsql;

namespace HyperConn.Leases;

/// <summary>
/// The data sources that Npgsql makes within one of several hosts, one for each host. It doesn't dispose them with the whole, and what reports their
/// metrics keeps each for as long as the process lives, with everything it knows.
/// </summary>
internal readonly struct SeveralHosts : IAsyncDisposable
{
    // Not public there. A version of Npgsql without it keeps what it keeps.
    private static readonly Func<NpgsqlMultiHostDataSource, NpgsqlDataSource[]>? Hosts =
        typeof(NpgsqlMultiHostDataSource).GetProperty("Pools", BindingFlags.Instance | BindingFlags.NonPublic) is { PropertyType: var type } property
        && type == typeof(NpgsqlDataSource[])
            ? property.GetMethod?.CreateDelegate<Func<NpgsqlMultiHostDataSource, NpgsqlDataSource[]>>()
            : null;

    private readonly NpgsqlDataSource _whole;

    private SeveralHosts(NpgsqlDataSource whole) => _whole = whole;

    /// <summary>Those of a data source, to be disposed once the whole is not used any more; of a single host's there are none.</summary>
    public static SeveralHosts Of(NpgsqlDataSource whole) => new(whole);

    public async ValueTask DisposeAsync()
    {
        if (_whole is not NpgsqlMultiHostDataSource several || Hosts is null)
            return;
        foreach (var host in Hosts(several))
            await host.DisposeAsync().ConfigureAwait(false);
    }
}
