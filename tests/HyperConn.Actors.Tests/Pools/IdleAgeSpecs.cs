using HyperConn.Leases;

namespace HyperConn.Tests.Pools;

/// <summary>Npgsql hands out the connection that has been idle for longest; so many leases as connections have used each.</summary>
public class IdleAgeSpecs
{
    private static LeaseWord Word(long accesses, int permits) => new((accesses * LeaseWord.OneAccess) + (permits * LeaseWord.OnePermit));

    [Fact]
    public void A_single_connection_is_as_old_as_its_last_use()
    {
        var age = new IdleAge(0, 0);
        age.Look(Word(0, 1), 500);
        age.Look(Word(1, 1), 1_000);
        Assert.Equal(500, age.AllUsedSince);
        age.Look(Word(1, 1), 9_000);
        age.Look(Word(2, 1), 9_500);
        Assert.Equal(9_000, age.AllUsedSince);
    }

    [Fact]
    public void Of_several_the_oldest_counts()
    {
        var age = new IdleAge(0, 0);
        age.Look(Word(1, 3), 1_000);
        age.Look(Word(2, 3), 2_000);
        Assert.Equal(0, age.AllUsedSince);
        age.Look(Word(3, 3), 3_000);
        Assert.Equal(0, age.AllUsedSince);
        age.Look(Word(6, 3), 4_000);
        Assert.Equal(3_000, age.AllUsedSince);
    }
}
