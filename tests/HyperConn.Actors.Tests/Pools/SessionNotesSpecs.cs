using HyperConn.Leases;

namespace HyperConn.Tests.Pools;

public class SessionNotesSpecs
{
    private readonly SessionNotes _notes = new();

    [Fact]
    public void A_process_seen_again_is_ours_as_of_then()
    {
        _notes.Add(7, TimeSpan.FromSeconds(1), max: 2);
        _notes.Add(7, TimeSpan.FromSeconds(5), max: 2);
        Assert.Equal([(7, TimeSpan.FromSeconds(5))], _notes.All);
    }

    [Fact]
    public void As_many_as_can_be_open_are_always_known_and_the_oldest_are_forgotten_first()
    {
        const int Max = 3;
        for (var process = 1; process <= 1_000; process++)
        {
            _notes.Add(process, TimeSpan.FromSeconds(process), Max);
            var known = _notes.All.Select(note => note.Process).Order().ToArray();
            Assert.InRange(known.Length, Math.Min(process, Max), 4 * Max);
            Assert.Equal(Enumerable.Range(process - known.Length + 1, known.Length), known);
        }
    }
}
