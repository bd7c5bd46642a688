using FsCheck;
using FsCheck.Fluent;
using HyperConn.Servers;

namespace HyperConn.Tests.Budgets;

/// <summary>One step of a random walk.</summary>
internal enum BudgetVerb
{
    Call,
    EndLease,
    EndOpen,
    FailOpen,
    RefuseOpen,
    GiveUp,
    AnswerReclaim,
    Advance,
    Overdraw,
    Drain,
    Die,
    ReadCapacity,
    BecomeSlow,
    Deliver,
}

/// <summary>A verb, the holder it is about and a number.</summary>
internal readonly record struct BudgetCommand(BudgetVerb Verb, int Holder, int Number)
{
    private static readonly (int, BudgetVerb)[] Weights =
    [
        (30, BudgetVerb.Call), (20, BudgetVerb.EndLease), (20, BudgetVerb.EndOpen), (3, BudgetVerb.FailOpen), (1, BudgetVerb.RefuseOpen),
        (6, BudgetVerb.GiveUp), (12, BudgetVerb.AnswerReclaim), (12, BudgetVerb.Advance), (2, BudgetVerb.Overdraw), (1, BudgetVerb.Drain),
        (2, BudgetVerb.Die), (3, BudgetVerb.ReadCapacity), (3, BudgetVerb.BecomeSlow), (8, BudgetVerb.Deliver),
    ];

    /// <summary>Command lists; they shrink to shorter ones and to smaller numbers.</summary>
    public static Arbitrary<BudgetCommand[]> Lists { get; } = Arb.Array(Arb.From(
        Gen.Frequency(Weights.Select(weight => (weight.Item1, Gen.Constant(weight.Item2))))
            .SelectMany(verb => Gen.Choose(0, 4), (verb, holder) => (verb, holder))
            .SelectMany(step => Gen.Choose(0, 9), (step, number) => new BudgetCommand(step.verb, step.holder, number)),
        static command => command.Number > 0 ? [command with { Number = command.Number / 2 }] : []));

    public void Do(SimulatedServer server)
    {
        var org = $"o{Holder}";
        var holder = server.Holders.FindLast(h => h.Tenant.Org == org)!;
        switch (Verb)
        {
            case BudgetVerb.Call:
                holder.Call(1 + (Number / 3));
                break;
            case BudgetVerb.EndLease:
                holder.EndLease();
                break;
            case BudgetVerb.EndOpen:
                holder.EndOpen();
                break;
            case BudgetVerb.FailOpen:
                holder.EndOpen(well: false);
                break;
            case BudgetVerb.RefuseOpen:
                holder.EndOpen(well: false, serverFull: true);
                break;
            case BudgetVerb.GiveUp:
                holder.GiveUp(Number);
                break;
            case BudgetVerb.AnswerReclaim:
                holder.AnswerReclaim();
                break;
            case BudgetVerb.Advance:
                server.Advance((int)Math.Pow(3, Number));
                break;
            case BudgetVerb.Overdraw:
                holder.Overdraw();
                break;
            case BudgetVerb.Drain:
                holder.Drain();
                break;
            case BudgetVerb.Die:
                // A successor takes its place, as a new generation would.
                holder.Die();
                server.Pool(org);
                break;
            case BudgetVerb.ReadCapacity:
                server.Tell(new ServerCapacityRead(4 + Number, 3));
                break;
            case BudgetVerb.BecomeSlow:
                server.Slow = !server.Slow;
                break;
            case BudgetVerb.Deliver:
                for (var i = 0; i <= Number && server.DeliverOne(); i++)
                {
                }
                break;
        }
    }
}
