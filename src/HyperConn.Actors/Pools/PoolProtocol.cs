using Akka.Actor;

namespace HyperConn;

/// <summary>
/// Key of the pool supervisor in Akka's <c>ActorRegistry</c>: <c>registry.Get&lt;PoolSupervisor&gt;()</c> answers <see cref="GetPool"/>.
/// </summary>
public sealed class PoolSupervisor
{
    private PoolSupervisor()
    {
    }
}

/// <summary>Asks for a tenant's pool. Answered with a <see cref="PoolReply"/>; give your Ask a time-out.</summary>
/// <param name="Tenant">The tenant.</param>
public sealed record GetPool(TenantKey Tenant);

/// <summary>Answer to <see cref="GetPool"/>: <see cref="PoolReady"/> or <see cref="PoolUnavailable"/>.</summary>
public abstract record PoolReply
{
    private protected PoolReply()
    {
    }
}

/// <summary>The pool is there.</summary>
/// <param name="DataSource">A handle that may be kept for ever. It holds no connection, so an answer nobody reads leaks nothing.</param>
public sealed record PoolReady(TenantDataSource DataSource) : PoolReply, INoSerializationVerificationNeeded;

/// <summary>There is no pool.</summary>
/// <param name="Reason">Why, and what to check.</param>
public sealed record PoolUnavailable(HyperConnFailure Reason) : PoolReply;
