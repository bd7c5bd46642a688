namespace HyperConn.Chaos.Work;

/// <summary>A way in which applications use tenants' connections.</summary>
internal interface IFlavour
{
    string Name { get; }

    /// <summary>Does a piece of work; throws what went wrong.</summary>
    Task DoAsync(Job job);
}
