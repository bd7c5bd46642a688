namespace HyperConn.Primitives;

/// <summary>
/// What an actor does with which message while it is in a state, once for all actors of its kind: a <c>ReceiveActor</c> keeps a delegate for each
/// message of each state in every instance.
/// </summary>
/// <typeparam name="TActor">The kind of actor.</typeparam>
internal sealed class Behavior<TActor>
{
    private readonly List<(Type Message, Action<TActor, object> Handle)> _handlers = [];

    /// <summary>Handles messages of a type, unless one added before did.</summary>
    public Behavior<TActor> On<TMessage>(Action<TActor, TMessage> handle)
    {
        _handlers.Add((typeof(TMessage), (actor, message) => handle(actor, (TMessage)message)));
        return this;
    }

    /// <summary>Ignores messages of a type.</summary>
    public Behavior<TActor> Ignore<TMessage>() => On<TMessage>(static (_, _) => { });

    /// <summary>Handles a message; false: none of those added does.</summary>
    public bool TryHandle(TActor actor, object message)
    {
        foreach (var (type, handle) in _handlers)
        {
            if (!type.IsInstanceOfType(message))
                continue;
            handle(actor, message);
            return true;
        }

        return false;
    }
}
