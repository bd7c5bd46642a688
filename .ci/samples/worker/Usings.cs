// What the samples of the README and of docs/ take for granted, but for those of .ci/samples/shops.
global using System.Threading.Channels;
global using Akka.Actor;
global using Akka.Hosting;
global using HyperConn;
global using HyperConn.Events;
global using HyperConn.Events.Sqs;
global using Microsoft.Extensions.DependencyInjection;
global using Microsoft.Extensions.Hosting;
global using Microsoft.Extensions.Logging;
global using Npgsql;
global using static Surroundings;

public sealed record OrderPlaced(string Org, long Id);

public sealed record VaultText(string Text, string Version);

public sealed class VaultClient
{
    public Task<VaultText?> ReadAsync(string name, CancellationToken cancellationToken) => Task.FromResult<VaultText?>(null);
}

public static class Surroundings
{
    public static IActorRef supervisor => throw new InvalidOperationException();

    public static IServiceProvider services => throw new InvalidOperationException();

    public static ITenantPools pools => throw new InvalidOperationException();

    public static TimeSpan timeout => TimeSpan.FromSeconds(20);

    public static CancellationToken cancellationToken => CancellationToken.None;

    public static Channel<TenantDataSource> Used { get; } = Channel.CreateUnbounded<TenantDataSource>();

    public static void Use(TenantDataSource source) => Used.Writer.TryWrite(source);

    public static void Park(HyperConnErrorCode code, string message) => Used.Writer.Complete(new InvalidOperationException($"{code}: {message}"));
}
