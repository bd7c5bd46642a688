namespace HyperConn.Chaos.Faults;

/// <summary>Every fault there is.</summary>
internal static class Catalogue
{
    public static IReadOnlyList<IFault> All { get; } =
    [
        new ServerKilled(Part.First),
        new ServerKilled(Part.Second),
        new ServerFrozen(Part.First),
        new ServerFrozen(Part.Second),
        new ServerFrozen(Part.Pooler),
        new StandbyPromoted(),
        new PoolerKilled(),
        NetworkFault.BlackHole(Part.First),
        NetworkFault.BlackHole(Part.Pooler),
        NetworkFault.Delay(Part.First),
        NetworkFault.Delay(Part.Pooler),
        NetworkFault.Cut(Part.First),
        NetworkFault.Cut(Part.Pooler),
        NetworkFault.Drop(Part.First),
        NetworkFault.Drop(Part.Pooler),
        NetworkFault.HalfOpen(Part.First),
        NetworkFault.HalfOpen(Part.Pooler),
        new CredentialsRotated(users: false),
        new CredentialsRotated(users: true),
        new SecretsSpoilt(deleted: true),
        new SecretsSpoilt(deleted: false),
        .. StoreFault.All,
        new BudgetLowered(),
        new StrangersCame(),
        .. OperatorActed.All,
        new TenantsCameAndWent(),
        new MemoryPressed(),
        new ClockStepped(),
        new HostRestarted(),
    ];
}
