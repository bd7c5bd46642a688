namespace HyperConn.Diagnostics;

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
