using HyperConn.ConnectionStrings;
using HyperConn.Leases;
using HyperConn.Opening;
using HyperConn.Pools;
using HyperConn.Primitives;
using HyperConn.Servers;
using Microsoft.Extensions.Time.Testing;
using Npgsql;

namespace HyperConn.Tests.Pools;

/// <summary>Tenants' handles and pools without actors and without a server, in virtual time.</summary>
public abstract class OpeningSpec
{
    private protected static readonly TenantKey Acme = TenantKey.Create("core", "acme");

    private protected OpeningSpec(Action<HyperConnOptions>? configure = null, IAcquisitionMeter? meter = null)
    {
        var options = new HyperConnOptions { ProjectName = "martech" };
        configure?.Invoke(options);
        Runtime = new PoolRuntime(options, Time, new OneLogger(Lines), meter);
    }

    private protected FakeTimeProvider Time { get; } = new();

    private protected RecordingLogger Lines { get; } = new();

    private protected PoolRuntime Runtime { get; }

    private protected AskedOwner Owner { get; } = new();

    /// <summary>What a server, or a pooler before it, answers to a login.</summary>
    private protected static PostgresException Answer(string state, string text = "No.", string? routine = null) =>
        new(text, "FATAL", "FATAL", state, routine: routine);

    private protected ServerState Server(string host = "db1", ServerKind kind = ServerKind.Unknown) =>
        new(new ServerEndpoint(host, 5432), Time) { Budget = new HeardRef(), Kind = kind };

    private protected static int Told<T>(ServerState server) => ((HeardRef)server.Budget).CountOf<T>();

    /// <summary>A pool that nobody has a handle of.</summary>
    private protected PoolGeneration Pool(string org, string uri, params ServerState[] servers)
    {
        Assert.True(PostgresCredentials.TryParse(uri, out var credentials, out var fault), fault);
        var pool = new PoolGeneration(
            Runtime.Leases, TenantKey.Create("core", org), 1, new GenerationCredentials(credentials, "v1", Moment.Of(Runtime.Monotonic, Runtime.Monotonic.Now), Moment.Never), servers, Owner);
        Runtime.Generations.Add(pool);
        return pool;
    }

    private protected PoolGeneration Pool(string org, params ServerState[] servers) => Pool(org, ScriptedSecrets.Uri(), servers);

    /// <summary>Makes a pool the one that takes leases now.</summary>
    private protected TenantDataSource Publish(PoolGeneration pool)
    {
        var handle = Runtime.Handles.GetOrAdd(pool.Tenant, key => new TenantDataSource(Runtime.Opening, key), _ => true);
        Assert.True(handle.Publish(handle.Current, pool));
        return handle;
    }

    /// <summary>A caller on its way to a connection of the pool.</summary>
    private protected OpenRequest Request(PoolGeneration pool, TenantDataSource? handle = null, bool isBlocking = false) =>
        new(pool.Tenant, handle, null, isBlocking, Runtime.Monotonic)
        {
            Pool = pool,
            SecretVersion = "v1",
            Deadline = Runtime.Monotonic.Now + TimeSpan.FromSeconds(15),
        };

    /// <summary>Answers what the test says to those that ask for newer credentials.</summary>
    private protected sealed class AskedOwner : IGenerationOwner
    {
        public TaskCompletionSource<bool> Newer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Whether those that were asked for had expired, in order.</summary>
        public List<bool> Asked { get; } = [];

        /// <summary>How often the last lease of a pool ended when somebody had asked to hear of it.</summary>
        public int Idle { get; private set; }

        public void WentIdle(PoolGeneration generation) => Idle++;

        public void CredentialsStale(PoolGeneration generation)
        {
        }

        public void Closed(PoolGeneration generation)
        {
        }

        public void ReclaimIdle(PoolGeneration generation, ServerShare asked, int keep)
        {
        }

        public Task<bool> AskForNewerCredentialsAsync(PoolGeneration generation, string secretVersion, bool expired)
        {
            Asked.Add(expired);
            return Newer.Task;
        }
    }
}
