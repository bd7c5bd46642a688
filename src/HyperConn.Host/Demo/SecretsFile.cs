using System.Text.Json;
using HyperConn.Events;

namespace HyperConn.Host.Demo;

/// <summary>Writes tenants' secrets in the file store's form: <c>{"demo-org1": {"core-postgresql": "postgresql://…"}}</c>.</summary>
/// <remarks>The file is replaced in one step, so that a reader never sees half of it; only its owner can read it.</remarks>
internal sealed class SecretsFile(string path, string projectName, IReadOnlyCollection<ProvisionedTenant> tenants) : IDisposable
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };
    private readonly SemaphoreSlim _one = new(1);

    public string Path { get; } = path;

    /// <summary>Writes what is in force for every tenant now.</summary>
    public async Task WriteAsync(CancellationToken cancellationToken = default)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            var secrets = tenants
                .GroupBy(tenant => $"{projectName}-{tenant.Key.Org}", StringComparer.Ordinal)
                .ToDictionary(
                    org => org.Key,
                    org => org.ToDictionary(tenant => $"{tenant.Key.Service}-postgresql", tenant => tenant.ConnectionUri, StringComparer.Ordinal),
                    StringComparer.Ordinal);
            await Task.Run(() => SafeFile.WriteWhole(Path, JsonSerializer.SerializeToUtf8Bytes(secrets, Indented)), CancellationToken.None);
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();
}
