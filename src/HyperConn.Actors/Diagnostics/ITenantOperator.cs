namespace HyperConn;

/// <summary>The operator's verbs, for code that is not an actor; actors ask the <see cref="PoolSupervisor"/> themselves.</summary>
public interface ITenantOperator
{
    /// <summary>Carries out a command. Expected refusals are answers, not exceptions.</summary>
    /// <param name="command">The command.</param>
    /// <param name="cancellationToken">Ends the wait; what was begun goes on.</param>
    /// <returns>What happened.</returns>
    Task<OperatorReply> ExecuteAsync(OperatorCommand command, CancellationToken cancellationToken = default);
}
