namespace HyperConn.Secrets;

/// <summary>One call to the store that is under way.</summary>
/// <param name="Entries">The secrets it asks for.</param>
/// <param name="IsProbe">Whether it tries if a store that was down is back.</param>
/// <param name="SentAt">When it went out, on the monotonic clock.</param>
internal sealed record StoreCall(List<SecretEntry> Entries, bool IsProbe, TimeSpan SentAt)
{
    public override string ToString() => $"StoreCall({Entries.Count} secrets)";
}
