namespace HyperConn.Cluster.Operating;

/// <summary>Operators' commands by the names they travel under.</summary>
internal static class CommandVerbs
{
    /// <summary>What goes to the other nodes.</summary>
    public static CarryOut ToMessage(OperatorCommand command) => new(
        command switch
        {
            PauseTenants => "pause",
            ResumeTenants => "resume",
            DrainTenants => "drain",
            RefreshTenants => "refresh",
            BanTenants => "ban",
            _ => throw new NotSupportedException($"{command.GetType().Name} is no command."),
        },
        command.Target,
        command.By,
        command.Reason,
        (command as BanTenants)?.For);

    /// <summary>The command of a message; null: one that this version does not know.</summary>
    public static OperatorCommand? ToCommand(CarryOut message) => message.Verb switch
    {
        "pause" => new PauseTenants(message.Target, message.By, message.Reason),
        "resume" => new ResumeTenants(message.Target, message.By, message.Reason),
        "drain" => new DrainTenants(message.Target, message.By, message.Reason),
        "refresh" => new RefreshTenants(message.Target, message.By, message.Reason),
        "ban" => new BanTenants(message.Target, message.By, message.Reason, message.For ?? TimeSpan.Zero),
        _ => null,
    };
}
