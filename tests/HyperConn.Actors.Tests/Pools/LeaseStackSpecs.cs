namespace HyperConn.Tests.Pools;

/// <summary>Who took the oldest lease is known while it is open, whichever way it was taken.</summary>
public class LeaseStackSpecs() : OpenHouseSpec(capturesStacks: true)
{
    [Fact]
    public async Task However_a_connection_was_opened_its_callers_stack_is_kept_until_it_is_closed()
    {
        await using (await Handle.OpenConnectionAsync())
            AssertKnown();
        AssertForgotten();

        await using (Handle.OpenConnection())
            AssertKnown();
        AssertForgotten();

        await using (var connection = Handle.CreateConnection())
        {
            await connection.OpenAsync();
            AssertKnown();
            await connection.CloseAsync();
            AssertForgotten();
        }

        // One that its owner opens again by itself has no caller here.
        await using var own = await Handle.OpenConnectionAsync();
        await own.CloseAsync();
        await own.OpenAsync();
        AssertForgotten();

        void AssertKnown() => Assert.Contains(nameof(LeaseStackSpecs), Runtime.Opening.Stacks!.OldestOf(Acme), StringComparison.Ordinal);

        void AssertForgotten() => Assert.Null(Runtime.Opening.Stacks!.OldestOf(Acme));
    }
}
