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

/// <summary>Checks a command, then hands it to whoever carries it out (an Ask of the supervisor).</summary>
internal sealed class TenantOperator(Func<OperatorCommand, CancellationToken, Task<OperatorReply>> ask) : ITenantOperator
{
    public Task<OperatorReply> ExecuteAsync(OperatorCommand command, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(command);
        return command.Fault() is { } fault
            ? Task.FromResult(new OperatorReply(false, fault, 0))
            : ask(command, cancellationToken);
    }
}
