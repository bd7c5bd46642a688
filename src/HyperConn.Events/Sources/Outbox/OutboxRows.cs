namespace HyperConn.Events.Sources;

/// <summary>Reads rows.</summary>
internal static class OutboxRows
{
    // What a delivery takes beside its data, about.
    private const int Overhead = 1_024;

    public static OutboxDelivery Read(OutboxRow row, string table, bool ordered)
    {
        TenantEvent? work = null;
        string? fault = null;
        try
        {
            work = new TenantEvent(TenantKey.Create(row.Service, row.Org), row.Type, row.EventId, row.Data)
            {
                CreatedAt = new DateTimeOffset(row.CreatedAt),
            };
        }
        catch (HyperConnException e)
        {
            fault = e.Message;
        }
        catch (ArgumentException e)
        {
            fault = e.Message;
        }

        return new OutboxDelivery
        {
            RowId = row.Id,
            Place = $"{table}:{row.Id}",
            Group = ordered ? (row.Service, row.Org) : null,
            Event = work,
            Fault = fault,
            Bytes = (row.Data.Length * sizeof(char)) + Overhead,
            EarlierAttempts = Math.Max(0, row.Attempts - 1),
        };
    }
}
