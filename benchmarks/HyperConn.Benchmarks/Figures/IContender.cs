using Npgsql;

namespace HyperConn.Benchmarks.Figures;

/// <summary>A way to get a tenant's connection.</summary>
internal interface IContender : IAsyncDisposable
{
    /// <summary>Pools alive.</summary>
    int Pools { get; }

    ValueTask<NpgsqlConnection> OpenAsync(FigureTenant tenant);
}
