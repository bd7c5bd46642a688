using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;
using Akka.Actor;
using HyperConn.Opening;
using HyperConn.Pools;
using HyperConn.Secrets;
using HyperConn.Servers;

namespace HyperConn.Tests.Pools;

/// <summary>A password shows in nothing the pools are made of, say or throw.</summary>
public class PoolRedactionSpecs : PoolSpec
{
    private static readonly TenantKey Acme = TenantKey.Create("core", "acme");

    [Fact]
    public async Task No_object_of_a_live_pool_shows_the_password()
    {
        var lease = await World.Hold("acme");
        var shown = new StringBuilder();
        foreach (var part in Parts(lease.Pool, []).Concat(Parts(World.Handle("acme"), [])))
            shown.Append(part).Append('\n');
        Assert.Contains("GenerationCredentials", shown.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(ScriptedSecrets.Canary, shown.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(ScriptedSecrets.Canary, World.Handle("acme").ConnectionString, StringComparison.Ordinal);
        Assert.DoesNotContain(ScriptedSecrets.Canary, lease.Pool.DataSource.ConnectionString, StringComparison.Ordinal);
        await using var connection = World.Handle("acme").CreateConnection();
        Assert.DoesNotContain(ScriptedSecrets.Canary, connection.ConnectionString, StringComparison.Ordinal);
        lease.End();
    }

    [Fact]
    public async Task No_message_or_record_shows_the_password()
    {
        await World.Get("acme");
        var pool = World.Pool("acme");
        object[] values =
        [
            Acme, pool, pool.Credentials, pool.Credentials.Postgres, pool.Shares[0], pool.Shares[0].Server, World.Handle("acme"),
            new CredentialsFound(Acme, ScriptedSecrets.Uri(), "v1", default, default), new PoolPromise(true), new TaskCompletionSource<bool>(),
            new HyperConnFailure(HyperConnErrorCode.Internal, "No.", Acme), new ServerState[1], ActorRefs.Nobody, pool.Shares[0].Server.Endpoint,
        ];
        var made = 0;
        foreach (var type in typeof(PoolSupervisor).Assembly.GetTypes().Where(IsMessage))
        {
            var constructor = type.GetConstructors(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance)
                .FirstOrDefault(c => c.GetParameters() is not [{ ParameterType: var only }] || only != type);
            if (constructor is null)
                continue;
            var arguments = constructor.GetParameters().Select(parameter => Value(parameter.ParameterType, values)).ToArray();
            var message = constructor.Invoke(arguments);
            made++;
            Assert.False(message.ToString()!.Contains(ScriptedSecrets.Canary, StringComparison.Ordinal), type.Name);
        }

        Assert.True(made > 20, $"Only {made} messages were found.");
    }

    [Fact]
    public async Task No_log_failure_or_statistic_shows_the_password()
    {
        World.Secrets.Set(Tenant("bad"), $"postgresql://u:{ScriptedSecrets.Canary}@db1:{ScriptedSecrets.Canary}/d", "v1");
        World.Secrets.Set(Tenant("worse"), ScriptedSecrets.Canary, "v1");
        var shown = new StringBuilder();
        shown.Append(await World.GetFails("bad")).Append(await World.GetFails("worse"));
        var thrown = await Assert.ThrowsAsync<HyperConnException>(() => World.Ensure("bad"));
        shown.Append(thrown);

        var lease = await World.Hold("acme");
        World.Secrets.Set(Acme, ScriptedSecrets.Canary, "v2");
        lease.Pool.OwnerActor().Tell(AdoptCredentials.Instance);
        World.Secrets.Set(Acme, ScriptedSecrets.Uri(user: "next"), "v3");
        lease.Pool.OwnerActor().Tell(AdoptCredentials.Instance);
        Assert.Equal("v3", World.Pool("acme").Credentials.SecretVersion);
        lease.End();
        foreach (var tenant in (await World.Snapshot()).Tenants)
            shown.Append(tenant);
        await World.CrashSupervisor();
        foreach (var (_, line) in World.Lines.Lines)
            shown.Append(line);

        Assert.DoesNotContain(ScriptedSecrets.Canary, shown.ToString(), StringComparison.Ordinal);
        Assert.True(World.Lines.Lines.Count > 5);
    }

    private static bool IsMessage(Type type) =>
        type is { IsAbstract: false, IsGenericTypeDefinition: false, IsClass: true }
        && type.GetMethod("<Clone>$", BindingFlags.Public | BindingFlags.Instance) is not null;

    private static object? Value(Type type, object[] values) =>
        values.FirstOrDefault(type.IsInstanceOfType)
        ?? (type == typeof(string) ? "text"
            : type.IsValueType ? Activator.CreateInstance(type)
            : type.GetConstructor(Type.EmptyTypes) is not null ? Activator.CreateInstance(type)
            : type.IsArray ? Array.CreateInstance(type.GetElementType()!, 0)
            : null);

    /// <summary>What is reachable by fields of this library's own types, as text.</summary>
    private static IEnumerable<string> Parts(object? root, HashSet<object> seen)
    {
        if (root is null || root is string || !seen.Add(root))
            yield break;
        var type = root.GetType();
        if (type.Assembly != typeof(TenantKey).Assembly || type.IsEnum || type.IsDefined(typeof(CompilerGeneratedAttribute)))
            yield break;
        yield return root.ToString()!;
        foreach (var field in type.GetFields(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance))
        {
            foreach (var part in Parts(field.GetValue(root), seen))
                yield return part;
        }
    }
}
