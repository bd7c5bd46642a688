using System.Data.Common;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace HyperConn.Tests.Support;

/// <summary>Has something happen once after a transaction that EF commits, and before it goes on.</summary>
/// <param name="happen">What; null: not after this one.</param>
internal sealed class AfterCommit<T>(Func<Task<T?>> happen) : DbTransactionInterceptor
    where T : class
{
    /// <summary>What came of it; null: nothing yet.</summary>
    public T? Result { get; private set; }

    public override async Task TransactionCommittedAsync(
        DbTransaction transaction, TransactionEndEventData eventData, CancellationToken cancellationToken = default) => Result ??= await happen();
}
