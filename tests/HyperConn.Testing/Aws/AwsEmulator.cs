using System.Diagnostics.CodeAnalysis;
using Testcontainers.LocalStack;

namespace HyperConn.Testing;

/// <summary>Something that speaks Secrets Manager's wire: <c>moto_server</c> where it is installed, LocalStack where Docker answers.</summary>
public sealed class AwsEmulator : IAsyncDisposable
{
    private readonly IAsyncDisposable _server;

    private AwsEmulator(string url, IAsyncDisposable server)
    {
        Url = url;
        _server = server;
    }

    /// <summary>Endpoint, to be used with any keys.</summary>
    public string Url { get; }

    /// <summary>Starts one.</summary>
    /// <returns>The emulator, or null and why none can be had.</returns>
    [SuppressMessage("Design", "CA1031", Justification = "Whatever keeps a container from starting is the reason to skip.")]
    public static async Task<(AwsEmulator? Emulator, string Reason)> TryStartAsync()
    {
        var (moto, reason) = await MotoServer.TryStartAsync().ConfigureAwait(false);
        if (moto is not null)
            return (new AwsEmulator(moto.Url, moto), "");
        try
        {
            var container = new LocalStackBuilder("localstack/localstack:4").Build();
            await container.StartAsync().ConfigureAwait(false);
            return (new AwsEmulator(container.GetConnectionString(), container), "");
        }
        catch (Exception fault)
        {
            return (null, $"{reason} LocalStack can't be started either ({fault.GetType().Name}: is Docker running?).");
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _server.DisposeAsync();
}
