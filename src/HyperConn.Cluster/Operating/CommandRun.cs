using Akka.Actor;

namespace HyperConn.Cluster.Operating;

/// <summary>One command of another node, from the supervisor's mailbox to the answer.</summary>
internal sealed class CommandRun : ReceiveActor
{
    // Longer than anybody waits for the answer.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly IActorRef _supervisor;
    private readonly OperatorCommand _command;
    private readonly IActorRef _asker;

    public CommandRun(IActorRef supervisor, OperatorCommand command, IActorRef asker)
    {
        (_supervisor, _command, _asker) = (supervisor, command, asker);
        Waiting();
    }

    /// <summary>Props of a run.</summary>
    /// <param name="supervisor">Carries it out.</param>
    /// <param name="command">The command.</param>
    /// <param name="asker">Who is answered.</param>
    public static Props CreateProps(IActorRef supervisor, OperatorCommand command, IActorRef asker) =>
        Props.Create(() => new CommandRun(supervisor, command, asker));

    protected override void PreStart()
    {
        Context.SetReceiveTimeout(Patience);
        _supervisor.Tell(_command);
    }

    private void Waiting()
    {
        Receive<OperatorReply>(reply => End(new CarriedOut(reply.Accepted, reply.Message, reply.Affected)));
        Receive<ReceiveTimeout>(_ => End(new CarriedOut(false, $"The pool supervisor did not answer within {Patience.TotalSeconds:0} s.", 0)));
    }

    private void End(CarriedOut answer)
    {
        _asker.Tell(answer);
        Context.Stop(Self);
    }
}
