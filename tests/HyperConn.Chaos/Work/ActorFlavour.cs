using Akka.Actor;
using Akka.Configuration;
using HyperConn.Chaos.World;

namespace HyperConn.Chaos.Work;

/// <summary>An actor for each piece of work, which asks the pool supervisor. Its actor system is the program's own, and outlives the host's.</summary>
internal sealed class ActorFlavour : IFlavour, IAsyncDisposable
{
    private readonly ActorSystem _system = ActorSystem.Create(
        "workers", ConfigurationFactory.ParseString("akka { stdout-loglevel = OFF, loglevel = OFF, log-dead-letters = off }"));

    public string Name => "actor";

    public Task DoAsync(Job job)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _system.ActorOf(Props.Create(() => new WorkActor(job, done)));
        return done.Task;
    }

    public async ValueTask DisposeAsync()
    {
        await _system.Terminate();
        _system.Dispose();
    }

    /// <summary>Asks for the tenant's pool, works on a connection of it, and is done.</summary>
    private sealed class WorkActor : ReceiveActor
    {
        private static readonly TimeSpan Patience = Limits.Acquire + TimeSpan.FromSeconds(4);

        private readonly Job _job;
        private readonly TaskCompletionSource _done;

        public WorkActor(Job job, TaskCompletionSource done)
        {
            (_job, _done) = (job, done);
            Receive<PoolReady>(OnReady);
            Receive<PoolUnavailable>(unavailable => End(new HyperConnException(unavailable.Reason)));
            Receive<Worked>(_ => End(null));
            Receive<Status.Failure>(failure => End(failure.Cause));
        }

        protected override void PreStart() =>
            _job.Host.Supervisor.Ask<PoolReply>(new GetPool(_job.Tenant.Key), Patience, _job.Host.Stopped).PipeTo(Self);

        private void OnReady(PoolReady ready) => WorkAsync(ready.DataSource).PipeTo(Self, success: () => new Worked());

        private async Task WorkAsync(TenantDataSource source)
        {
            await using var connection = await source.OpenConnectionAsync();
            await PlainFlavour.WorkAsync(connection, _job);
        }

        private void End(Exception? fault)
        {
            if (fault is null)
                _done.SetResult();
            else
                _done.SetException(fault);
            Context.Stop(Self);
        }

        private sealed record Worked;
    }
}
