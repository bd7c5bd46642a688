using HyperConn.Chaos.Faults;
using HyperConn.Chaos.Rounds;

namespace HyperConn.Tests.Chaos;

/// <summary>A seed decides on everything.</summary>
public class ScheduleSpecs
{
    [Theory]
    [InlineData(1)]
    [InlineData(20_261)]
    public void The_same_seed_gives_the_same_rounds(int seed) => Assert.Equal(Rounds(seed), Rounds(seed));

    [Fact]
    public void Another_seed_gives_others() => Assert.NotEqual(Rounds(1), Rounds(2));

    [Fact]
    public void No_storm_has_two_faults_of_one_part_and_none_has_more_than_three()
    {
        var schedule = new Schedule(5, Catalogue.All);
        for (var i = 0; i < 500; i++)
        {
            var round = schedule.Next();
            Assert.InRange(round.Faults.Count, 1, 3);
            Assert.Equal(round.Faults.Count, round.Faults.Select(planned => planned.Fault.Part).Distinct().Count());
        }
    }

    [Fact]
    public void Every_fault_comes_up_before_one_comes_again()
    {
        var schedule = new Schedule(9, Catalogue.All);
        var seen = new List<string>();
        while (seen.Count < Catalogue.All.Count)
            seen.AddRange(schedule.Next().Faults.Select(planned => planned.Fault.Name));
        Assert.Equal(Catalogue.All.Select(fault => fault.Name).Order(StringComparer.Ordinal), seen.Take(Catalogue.All.Count).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void One_fault_alone_comes_again_and_again()
    {
        var schedule = new Schedule(3, [Catalogue.All[0]]);
        Assert.All(Enumerable.Range(0, 20).Select(_ => schedule.Next()), round => Assert.Single(round.Faults));
    }

    [Fact]
    public void Names_of_faults_are_one_of_a_kind() =>
        Assert.Equal(Catalogue.All.Count, Catalogue.All.Select(fault => fault.Name).Distinct(StringComparer.Ordinal).Count());

    private static string Rounds(int seed)
    {
        var schedule = new Schedule(seed, Catalogue.All);
        return string.Join('\n', Enumerable.Range(0, 50).Select(_ => schedule.Next()).Select(round => $"{round.Number}: {string.Join(
            ", ", round.Faults.Select(planned => $"{planned.Fault.Name} {planned.Begins} {planned.Lasts} {planned.Seed}"))}"));
    }
}
