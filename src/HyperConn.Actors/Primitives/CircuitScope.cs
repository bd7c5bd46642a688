namespace HyperConn;

/// <summary>Whose circuit it is: one server's, or the secret store's.</summary>
/// <remarks>Closed: the nested types are all there are, so that a switch over them is complete.</remarks>
public abstract record CircuitScope
{
    private CircuitScope()
    {
    }

    /// <summary>The secret store.</summary>
    public static CircuitScope Store { get; } = new SecretStore();

    // What keeps others from deriving: a record's copy constructor can't be private.
    internal abstract string Text { get; }

    /// <summary>A PostgreSQL server.</summary>
    /// <param name="Endpoint">The server.</param>
    public sealed record Server(ServerEndpoint Endpoint) : CircuitScope
    {
        internal override string Text => Endpoint.ToString();

        /// <summary>Shows the scope to people.</summary>
        /// <returns><c>host:port</c>.</returns>
        public override string ToString() => Text;
    }

    /// <summary>The secret store.</summary>
    public sealed record SecretStore : CircuitScope
    {
        internal override string Text => "secret store";

        /// <summary>Shows the scope to people.</summary>
        /// <returns><c>secret store</c>.</returns>
        public override string ToString() => Text;
    }
}
