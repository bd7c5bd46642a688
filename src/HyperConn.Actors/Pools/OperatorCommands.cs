using Akka.Actor;

namespace HyperConn.Pools;

/// <summary>The operator's verbs: pause, resume, drain, refresh, ban. Used by the supervisor only.</summary>
/// <param name="runtime">Restrictions and time.</param>
/// <param name="paused">Callers of paused tenants.</param>
/// <param name="servers">Pools that wait for paused servers.</param>
/// <param name="secrets">Refreshes.</param>
/// <param name="close">Closes the live pools of a target, and answers how many.</param>
internal sealed class OperatorCommands(
    PoolRuntime runtime, PausedTenants paused, ServerDirectory servers, SecretNews secrets, Func<OperatorTarget, int> close)
{
    /// <summary>Carries a command out, if it has no fault.</summary>
    public OperatorReply Execute(OperatorCommand command)
    {
        if (command.Fault() is { } fault)
            return new OperatorReply(false, fault, 0);
        var (message, affected) = command switch
        {
            PauseTenants => Pause(command),
            ResumeTenants => Resume(command.Target),
            DrainTenants => ("Idle pools are evicted; busy ones close when their last lease ends.", close(command.Target)),
            RefreshTenants => ("The refresh has begun; pools take a changed secret over as it arrives.", secrets.Refresh(command.Target, ActorRefs.Nobody)),
            BanTenants ban => Ban(ban),
            _ => throw new ArgumentException($"{command.GetType().Name} is no command of operators.", nameof(command)),
        };
        PoolLog.Operated(runtime.Logger, command.Verb, command.Target, command.By, command.Reason, affected);
        return new OperatorReply(true, message, affected);
    }

    private (string Message, int Affected) Pause(OperatorCommand command)
    {
        Restrict(command, RestrictionKind.Paused, null);
        return ("Paused; open leases go on.", close(command.Target));
    }

    private (string Message, int Affected) Ban(BanTenants ban)
    {
        var until = runtime.Time.GetUtcNow() + ban.For;
        Restrict(ban, RestrictionKind.Banned, until);
        paused.RefuseBanned();
        servers.AnswerPaused();
        return ($"Banned until {until:u}; open leases go on.", close(ban.Target));
    }

    private (string Message, int Affected) Resume(OperatorTarget target)
    {
        if (!runtime.Restrictions.Lift(target))
            return ("Nothing was in force on exactly this target.", 0);
        secrets.ForgetRestrictions();
        return ("Resumed.", paused.Resume() + servers.AnswerPaused());
    }

    private void Restrict(OperatorCommand command, RestrictionKind kind, DateTimeOffset? until) => runtime.Restrictions.Set(
        new OperatorRestriction(command.Target, kind, command.By.Trim(), command.Reason.Trim(), runtime.Time.GetUtcNow(), until));
}
