using HyperConn.Servers;

namespace HyperConn.Tests.Budgets;

/// <summary>What the budget's actor does with its messages, for specs that have a ledger and no actor.</summary>
internal static class LedgerMessages
{
    /// <summary>Books a message.</summary>
    /// <returns>Permits that came back and were not out; null: the ledger has no entry for the message.</returns>
    public static int? Book(this BudgetLedger ledger, object message)
    {
        switch (message)
        {
            case PermitWanted wanted:
                ledger.Want(wanted.Holder);
                return 0;
            case PermitsReturned returned:
                return ledger.Returned(returned.Holder, returned.Count, returned.AnswersReclaim);
            case PermitOverdrawn overdrawn:
                ledger.Overdrawn(overdrawn.Holder);
                return 0;
            case OpenEnded ended:
                ledger.OpenEnded(ended.Holder);
                return 0;
            case HolderClosed closed:
                ledger.Closed(closed.Holder);
                return 0;
            case ServerFull:
                ledger.Refused();
                return 0;
            case ServerCapacityRead read:
                ledger.Limit.Read(read.MaxConnections, read.ReservedConnections);
                return 0;
            case ShareGiven share:
                ledger.Share(share);
                return 0;
            case PoolerFound:
                ledger.Limit.Pooled();
                return 0;
            default:
                return null;
        }
    }
}
