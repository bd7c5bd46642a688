using HyperConn.Schedules.Exploring;
using HyperConn.Servers;
using HyperConn.Tests.Budgets;
using Microsoft.Extensions.Time.Testing;

namespace HyperConn.Tests.Schedules.Scenarios;

/// <summary>A server with its budget: the shipped ledger, and in place of its actor a thread of the scenario that takes one message after the other.</summary>
internal sealed class BudgetThread
{
    private readonly FakeTimeProvider _time = new();
    private readonly Mailbox _mailbox = new();
    private readonly BudgetLedger _ledger;
    private readonly List<Action> _reclaims = [];
    private int _working;

    /// <param name="limit">Most permits.</param>
    /// <param name="workers">Threads that use the server; the budget's ends after they have.</param>
    public BudgetThread(int limit, int workers)
    {
        _working = workers;
        Options = new ServerOptions { MaxConnections = limit };
        State = new ServerState(new ServerEndpoint("db1", 5432), _time) { Budget = _mailbox };
        _ledger = new BudgetLedger(State, Options, maxPerTenant: 10, _time, new FixedRandom(0.5), BudgetTuning.Immediate);
    }

    public ServerOptions Options { get; }

    public ServerState State { get; }

    public BudgetLedger Ledger => _ledger;

    public FakeTimeProvider Time => _time;

    /// <summary>A worker has ended.</summary>
    public void Ended() => _working--;

    /// <summary>A pool's actor has something to do. Here, it is the same thread's.</summary>
    public void Later(Action work) => _reclaims.Add(work);

    /// <summary>Takes messages, and lets time pass where nothing else happens, until the workers have ended and nothing is left.</summary>
    public void Run()
    {
        // After these, with nobody else who could go on, nothing will ever happen.
        for (var idle = 0; _working > 0 || HasWork; idle++)
        {
            if (!HasWork && idle < 20)
            {
                _time.Advance(_ledger.NextDue() ?? TimeSpan.FromSeconds(1));
                _ledger.Settle();
                Stage.Yield();
                continue;
            }

            Stage.Await(() => HasWork || _working == 0);
            idle = 0;
            WorkOnce();
        }
    }

    /// <summary>Does what has come so far, on whatever thread.</summary>
    public void WorkOff()
    {
        while (HasWork)
            WorkOnce();
    }

    private bool HasWork => !_mailbox.IsEmpty || _reclaims.Count > 0;

    private void WorkOnce()
    {
        if (_reclaims.Count > 0)
        {
            var work = _reclaims[0];
            _reclaims.RemoveAt(0);
            work();

            // Asked without a pause, it would answer for ever while somebody else has the permit in hand.
            Stage.Yield();
        }
        else if (!_mailbox.IsEmpty)
        {
            Stage.Require(_ledger.Book(_mailbox.Take()) is null or 0, "More came back than was out.");
            _ledger.Settle();
        }
    }
}
