using System.Runtime.CompilerServices;
using System.Transactions;
using Npgsql;

namespace HyperConn.Leases;

/// <summary>
/// Tells by an open connection whether Npgsql enlisted it in an ambient transaction. That is one read, where asking for
/// <see cref="Transaction.Current"/> before every open costs more than all else on the hot path.
/// </summary>
internal static class AmbientEnlistment
{
    /// <summary>Whether this Npgsql has what is read; otherwise <see cref="Transaction.Current"/> must be asked.</summary>
    public static readonly bool CanBeRead = TryRead();

    /// <summary>The transaction an open connection is enlisted in, or null.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Transaction? Of(NpgsqlConnection connection) => CanBeRead ? EnlistedTransaction(connection) : null;

    private static bool TryRead()
    {
        try
        {
            using var connection = new NpgsqlConnection();
            return EnlistedTransaction(connection) is null;
        }
        catch (MissingMethodException)
        {
            return false;
        }
    }

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_EnlistedTransaction")]
    private static extern Transaction? EnlistedTransaction(NpgsqlConnection connection);
}
