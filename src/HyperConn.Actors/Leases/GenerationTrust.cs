using HyperConn.Primitives;
using HyperConn.Servers;

namespace HyperConn.Leases;

/// <summary>
/// Whether the idle connections of one generation may be handed out unasked: the server has not restarted since they were opened, and none
/// has been idle for longer than <see cref="ConnectionOptions.ValidateAfter"/>.
/// </summary>
internal sealed class GenerationTrust
{
    private ServerHealth _health;
    private readonly CoarseClock _clock;
    private readonly long? _validateAfter;
    private IdleAge _idleAge;
    private long _openedAt;
    private long _returnedAt;
    private int _epoch;

    public GenerationTrust(ServerHealth health, CoarseClock clock, TimeSpan? validateAfter, int accesses)
    {
        _health = health;
        _clock = clock;
        _validateAfter = (long?)validateAfter?.TotalMilliseconds;
        _openedAt = clock.Milliseconds;
        _idleAge = new IdleAge(accesses, _openedAt);
        _epoch = health.Epoch & ~1;
    }

    /// <summary>When a connection was last closed by its caller (<see cref="CoarseClock.Milliseconds"/>); zero: never.</summary>
    public long ReturnedAt { get => Volatile.Read(ref _returnedAt); set => Volatile.Write(ref _returnedAt, value); }

    /// <summary>Whether the server's epoch is the one trusted: one read each, for the hot path.</summary>
    public bool IsCurrent => _health.Epoch == Volatile.Read(ref _epoch);

    /// <summary>Whether connections are asked each time.</summary>
    public bool AsksAlways => _validateAfter == 0;

    /// <summary>What idle connections are worth now. Trusted ones are trusted from here on; of lost ones, the epoch is to be taken over with
    /// <see cref="Trust"/> once they are closed.</summary>
    public IdleTrust Judge(out int epoch)
    {
        var trust = _health.Judge(Volatile.Read(ref _epoch), out epoch);
        if (trust == IdleTrust.Trusted)
            Trust(epoch);
        return trust;
    }

    /// <summary>From now on another health says what the server is worth. Whatever is idle is of a time before its first doubt.</summary>
    public void Follow(ServerHealth health)
    {
        Trust(0);
        Volatile.Write(ref _health, health);
    }

    /// <summary>Whatever is idle from now on is of this epoch.</summary>
    public void Trust(int epoch) => Volatile.Write(ref _epoch, epoch);

    /// <summary>A connection was opened; none was idle.</summary>
    /// <param name="epoch">The server's epoch before it was opened.</param>
    public void NoteOpened(int epoch)
    {
        Volatile.Write(ref _openedAt, _clock.Milliseconds);
        _health.NoteOpened(_clock.Milliseconds);
        if ((epoch & 1) == 0)
            Trust(epoch);
    }

    /// <summary>An idle connection was asked, and answered.</summary>
    public void NoteAnswered() => Trust(_health.Prove(Volatile.Read(ref _epoch), Volatile.Read(ref _openedAt), _clock.Milliseconds));

    /// <summary>Tells the server's health what came back whole, and has leases take the slow path when connections were idle for too long.
    /// Called now and then.</summary>
    public void Look(LeaseDesk desk, long now)
    {
        if (IsCurrent)
            _health.NoteReturned(ReturnedAt, Volatile.Read(ref _openedAt));
        var word = desk.Word;
        _idleAge.Look(word, now);
        if (_validateAfter is { } limit && now - _idleAge.AllUsedSince >= limit)
            desk.Set(LeaseWord.NeedsProbe);
        else if (word.Has(LeaseWord.NeedsProbe) && !AsksAlways)
            desk.Clear(LeaseWord.NeedsProbe);
    }
}
