using Akka.Actor;
using HyperConn.Pools;
using HyperConn.Primitives;

namespace HyperConn.Tests.Pools;

/// <summary>That a login was refused says nothing about a newer version of the secret.</summary>
public class LoginMemorySpecs : PoolSpec
{
    private static readonly HyperConnFailure Refused = new(HyperConnErrorCode.LoginRefused, "No.");

    private Circuit Login => World.Handle("acme").Login;

    [Fact]
    public async Task A_new_pool_with_a_newer_version_forgets_what_the_one_before_was_refused()
    {
        await World.Get("acme");
        Login.Failed(Refused, CircuitPass.Closed);
        await World.Evict("acme");
        World.Secrets.Set(Tenant("acme"), ScriptedSecrets.Uri(password: "next"), "v2");
        await World.Get("acme");
        Assert.False(Login.IsOpen);
    }

    [Fact]
    public async Task A_new_pool_with_the_same_version_remembers()
    {
        await World.Get("acme");
        Login.Failed(Refused, CircuitPass.Closed);
        await World.Evict("acme");
        await World.Get("acme");
        Assert.True(Login.IsOpen);
    }

    [Fact]
    public async Task A_newer_version_with_the_same_text_is_tried_too()
    {
        await World.Get("acme");
        Login.Failed(Refused, CircuitPass.Closed);
        World.Secrets.Set(Tenant("acme"), ScriptedSecrets.Uri(), "v2");
        World.Pool("acme").OwnerActor().Tell(AdoptCredentials.Instance);
        Assert.Equal("v2", World.Pool("acme").Credentials.SecretVersion);
        Assert.False(Login.IsOpen);
        Assert.Equal(0, World.Runtime.Counters.Rotations);
    }

    [Fact]
    public async Task A_newer_version_with_the_same_text_that_a_refused_login_asked_for_is_no_news()
    {
        await World.Get("acme");
        var pool = World.Pool("acme");
        var pass = Login.Suspect(Refused, CircuitPass.Closed)!.Value;
        World.Secrets.Set(Tenant("acme"), ScriptedSecrets.Uri(), "v2");
        Assert.False(await PoolWorld.Within(pool.Owner.AskForNewerCredentialsAsync(pool, "v1", expired: false)));
        Assert.True(Login.Failed(Refused, pass));
    }

    [Fact]
    public async Task A_refusal_of_the_older_version_that_comes_late_does_not_count_against_the_newer()
    {
        await World.Get("acme");
        var pass = Login.Suspect(Refused, CircuitPass.Closed)!.Value;
        World.Secrets.Set(Tenant("acme"), ScriptedSecrets.Uri(password: "next"), "v2");
        World.Pool("acme").OwnerActor().Tell(AdoptCredentials.Instance);
        Assert.False(Login.IsOpen);
        Assert.False(Login.Failed(Refused, pass));
        Assert.False(Login.IsOpen);
    }
}
