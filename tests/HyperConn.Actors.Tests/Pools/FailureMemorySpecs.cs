using HyperConn.Pools;
using HyperConn.Secrets;

namespace HyperConn.Tests.Pools;

/// <summary>What a request for a pool that could not be made costs until the next try: nothing.</summary>
public class FailureMemorySpecs : PoolSpec
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private int FailedLines => World.Lines.EventIds.Count(id => id == 1004);

    [Fact]
    public async Task A_missing_secret_is_answered_from_memory_without_a_pool_or_a_line_until_its_next_try()
    {
        World.Secrets.Fail(Tenant("gone"), HyperConnErrorCode.SecretNotFound, retryIn: Second * 5);
        var first = await World.GetFails("gone");
        for (var request = 0; request < 100; request++)
            Assert.Equal(first, await World.GetFails("gone"));
        Assert.Equal((1, 1, 1), (World.Made.Count, World.Secrets.Fetches.Count, FailedLines));

        World.Pass(Second * 5);
        await World.GetFails("gone");
        Assert.Equal((2, 2, 2), (World.Made.Count, World.Secrets.Fetches.Count, FailedLines));
    }

    [Fact]
    public async Task A_secret_that_is_no_connection_string_is_remembered_as_long_as_other_failures()
    {
        World.Secrets.Set(Tenant("odd"), "mysql://a:b@c/d", "v1");
        var first = await World.GetFails("odd");
        Assert.Equal((HyperConnErrorCode.SecretMalformed, World.Time.GetUtcNow() + World.Runtime.Options.Secrets.FailureTimeToLive), (first.Code, first.RetryAt));
        await World.GetFails("odd");
        Assert.Single(World.Made);
    }

    [Fact]
    public async Task A_refresh_or_a_change_of_the_secret_ends_the_memory()
    {
        World.Secrets.Fail(Tenant("acme"), HyperConnErrorCode.SecretNotFound, retryIn: Second * 60);
        await World.GetFails("acme");
        World.Secrets.Set(Tenant("acme"), ScriptedSecrets.Uri(), "v1");
        await World.GetFails("acme");
        await World.AskFor<SecretRefreshed>(new RefreshPool(Tenant("acme")));
        await World.Get("acme");

        World.Secrets.Fail(Tenant("other"), HyperConnErrorCode.SecretNotFound, retryIn: Second * 60);
        await World.GetFails("other");
        World.Secrets.Set(Tenant("other"), ScriptedSecrets.Uri(), "v1");
        World.Secrets.Actor.Tell(new ScriptedSecrets.Tell(new SecretFailureForgotten("other")), Akka.Actor.ActorRefs.NoSender);
        await World.Get("other");
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public async Task The_clock_on_the_wall_may_be_set_as_it_likes(int hours)
    {
        World.Secrets.Fail(Tenant("gone"), HyperConnErrorCode.SecretNotFound, retryIn: Second * 5);
        await World.GetFails("gone");
        World.Time.WallClockStep = TimeSpan.FromHours(hours);
        World.Pass(Second * 4);
        Assert.Equal(World.Time.GetUtcNow() + Second, (await World.GetFails("gone")).RetryAt);
        Assert.Single(World.Made);
        World.Pass(Second);
        World.Secrets.Set(Tenant("gone"), ScriptedSecrets.Uri(), "v1");
        await World.Get("gone");
    }

    [Fact]
    public void Requests_for_any_number_of_organisations_that_do_not_exist_take_bounded_room()
    {
        var memory = new FailureMemory(World.Runtime.Monotonic, Second);
        for (var junk = 0; junk < 25_000; junk++)
        {
            memory.Remember(
                TenantKey.Create("core", $"junk{junk}"),
                new HyperConnFailure(HyperConnErrorCode.SecretNotFound, "No.", RetryAt: World.Time.GetUtcNow() + Second));
        }

        Assert.InRange(memory.Count, 1, 10_000);
        World.Pass(Second);
        memory.ForgetExpired();
        Assert.Equal(0, memory.Count);
    }
}
