using HyperConn.Schedules.Exploring;

namespace HyperConn.Tests.Schedules.Programs;

/// <summary>Makes a thing on first use; two who see that there is none make one each.</summary>
internal class MadeTwice : Scenario
{
    private object? _made;
    private int _times;

    public override int? Preemptions => null;

    public override Play Begin()
    {
        (_made, _times) = (null, 0);
        return new Play(() => _times == 1 ? null : $"made {_times} times", () => Get(), () => Get());
    }

    protected virtual object Get() => Volatile.Read(ref _made) ?? Make();

    protected object Make()
    {
        Interlocked.Increment(ref _times);
        var made = new object();
        Volatile.Write(ref _made, made);
        return made;
    }

    protected object? Made => Volatile.Read(ref _made);
}

/// <summary>The same, looked at again under a lock.</summary>
internal sealed class MadeOnce : MadeTwice
{
    private readonly Lock _gate = new();

    protected override object Get()
    {
        if (Made is { } made)
            return made;
        lock (_gate)
            return Made ?? Make();
    }
}

/// <summary>Two words that belong together, read one after the other.</summary>
internal class TornWords : Scenario
{
    private long _low;
    private long _high;

    public override Play Begin()
    {
        (_low, _high) = (0, 0);
        return new Play(() => null, Write, () => Stage.Require(ReadSame(), "The halves differ."));
    }

    protected virtual void Write()
    {
        Interlocked.Exchange(ref _low, 1);
        Interlocked.Exchange(ref _high, 1);
    }

    protected virtual bool ReadSame() => Volatile.Read(ref _low) == Volatile.Read(ref _high);
}

/// <summary>The same under a lock.</summary>
internal sealed class WholeWords : TornWords
{
    private readonly Lock _gate = new();

    public override int? Preemptions => null;

    protected override void Write()
    {
        lock (_gate)
            base.Write();
    }

    protected override bool ReadSame()
    {
        lock (_gate)
            return base.ReadSame();
    }
}

/// <summary>Hands plain fields over with a flag.</summary>
internal abstract class HandsOver : Scenario
{
    private Letter _letter = new();

    protected Letter Letter => _letter;

    public override int? Preemptions => null;

    public override Play Begin()
    {
        _letter = new Letter();
        return new Play(() => null, Send, Receive);
    }

    protected abstract void Send();

    protected abstract void Receive();
}

/// <summary>What is handed over.</summary>
internal sealed class Letter
{
    private int _text;

    public bool IsSent;

    public volatile bool IsSentForSure;

    public Dictionary<int, int> Pages { get; } = [];

    public int Text { get => _text; set => _text = value; }
}

/// <summary>A volatile flag, set after the text is written.</summary>
internal sealed class HandsOverWell : HandsOver
{
    protected override void Send()
    {
        Letter.Text = 5;
        Letter.Pages[1] = 5;
        Letter.IsSentForSure = true;
    }

    protected override void Receive()
    {
        if (Letter.IsSentForSure)
            Stage.Require(Letter.Text == 5 && Letter.Pages.Count == 1, "The text is not there.");
    }
}

/// <summary>A flag that orders nothing.</summary>
internal sealed class HandsOverByPlainFlag : HandsOver
{
    protected override void Send()
    {
        Letter.Text = 5;
        Letter.IsSent = true;
    }

    protected override void Receive()
    {
        Stage.Point();
        if (Letter.IsSent)
            Stage.Require(Letter.Text == 5, "The text is not there.");
    }
}

/// <summary>A volatile flag, set too early.</summary>
internal sealed class HandsOverTooEarly : HandsOver
{
    protected override void Send()
    {
        Letter.IsSentForSure = true;
        Letter.Pages[1] = 5;
    }

    protected override void Receive()
    {
        if (Letter.IsSentForSure)
            Letter.Pages.Clear();
    }
}
