using Akka.Actor;
using Akka.TestKit;
using Akka.TestKit.Xunit2;
using FsCheck;
using FsCheck.Fluent;
using HyperConn.Servers;

namespace HyperConn.Tests.Budgets;

public class ServerBudgetSpecs() : TestKit(SchedulerTimeProvider.Config)
{
    private readonly RecordingLogger _log = new();

    [Fact]
    public void Whatever_happens_the_actor_keeps_permits_as_its_ledger_does()
    {
        var options = new ServerOptions { MaxConnections = 5, MaxConcurrentOpens = 3 };
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(100).WithEndSize(200), Prop.ForAll(BudgetCommand.Lists, commands =>
        {
            var model = new Actors(this, options);
            try
            {
                foreach (var command in commands)
                {
                    command.Do(model);
                    model.CheckBooks();
                }
                model.CheckThatAllEndWell();
            }
            finally
            {
                Sys.Stop(model.Budget);
            }
        }));
    }

    [Fact]
    public void A_resting_permit_is_granted_by_the_clock_alone()
    {
        var server = new Actors(this, new ServerOptions { MaxConnections = 1 });
        var busy = server.BusyPool("busy");
        var next = server.Pool("next");
        next.Call();
        busy.EndLease();
        Assert.Equal(0, next.Permits);

        server.Advance(BudgetTuning.Default.ReturnCooldown);

        Assert.Equal(1, next.Permits);
    }

    [Fact]
    public void The_ceiling_recovers_by_the_clock_alone_and_the_log_tells_both()
    {
        var server = new Actors(this, new ServerOptions { MaxConnections = 3 });
        server.BusyPool("a", 3);
        server.Tell(ServerFull.Instance);
        server.Tell(ServerFull.Instance);
        Assert.Equal(2, server.State.Limit);

        server.Advance(BudgetTuning.Default.RecoveryInterval * 1.5);

        Assert.Equal(3, server.State.Limit);
        Assert.Equal([3002, 3003], _log.EventIds);
        Assert.Contains("with 3 permits out", _log.Lines[0].Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_budget_at_rest_has_no_timer()
    {
        var server = new Actors(this, new ServerOptions { MaxConnections = 3 });
        var a = server.IdlePool("a", 3);
        var b = server.Pool("b");
        b.Call();
        Assert.True(server.Budget.UnderlyingActor.Timers.IsTimerActive("tick"));
        a.AnswerReclaim();
        server.Advance(BudgetTuning.Default.ReturnCooldown);
        b.EndOpen();
        b.EndLease();
        server.Advance(TimeSpan.FromMinutes(1));

        Assert.False(server.Budget.UnderlyingActor.Timers.IsTimerActive("tick"));
    }

    [Fact]
    public void A_declared_limit_above_what_the_server_has_is_logged_and_kept()
    {
        var server = new Actors(this, new ServerOptions { MaxConnections = 200 });

        server.Tell(new ServerCapacityRead(100, 3));

        Assert.Equal([3000, 3001], _log.EventIds);
        Assert.Equal(200, server.State.Limit);
    }

    [Fact]
    public void Floors_that_don_t_fit_into_what_the_server_has_are_logged()
    {
        var server = new Actors(this, new ServerOptions { FloorPerTenant = 10 });

        server.Tell(new ServerCapacityRead(100, 3));

        Assert.Equal([3000, 3006], _log.EventIds);
    }

    [Fact]
    public void Reclaims_are_logged_and_so_is_who_does_not_answer()
    {
        var server = new Actors(this, new ServerOptions { MaxConnections = 1 });
        server.IdlePool("a");
        server.Pool("b").Call();

        server.Advance(BudgetTuning.Default.ReclaimTimeout);

        Assert.Equal([3004, 3004, 3007], _log.EventIds.Order());
    }

    [Fact]
    public void A_pool_that_gives_back_too_much_is_logged_without_harm()
    {
        var server = new Actors(this, new ServerOptions { MaxConnections = 3 });
        var pool = server.BusyPool("a");

        server.Budget.Tell(new PermitsReturned(pool, 2, AnswersReclaim: false));

        Assert.Equal([3008], _log.EventIds);
        Assert.Equal(0, server.Ledger.Granted);
    }

    [Fact]
    public void Statistics_are_answered()
    {
        var server = new Actors(this, new ServerOptions { MaxConnections = 3 });
        server.IdlePool("a");
        server.BusyPool("b");

        server.Budget.Tell(GetServerStatistics.Instance, TestActor);

        var statistics = ExpectMsg<ServerStatistics>();
        Assert.Equal((3, 1, 1, 2), (statistics.Limit, statistics.InUse, statistics.IdleHeld, statistics.Pools));
    }

    [Fact]
    public void A_fault_in_a_pool_restarts_the_actor_and_loses_neither_permits_nor_waiters()
    {
        var server = new Actors(this, new ServerOptions { MaxConnections = 2 });
        server.BusyPool("a");
        var faulty = server.Pool("faulty");
        faulty.FailsOnce = true;

        EventFilter.Exception<InvalidOperationException>().ExpectOne(() => faulty.Call());

        // The parent decides on a thread of its own.
        AwaitAssert(() => Assert.Equal((1, 2), (faulty.Permits, server.Ledger.Granted)));
    }

    /// <summary>The model with an actor in front of the ledger, and the actor system's clock.</summary>
    private sealed class Actors : BudgetModel
    {
        private readonly TestScheduler _scheduler;

        public Actors(ServerBudgetSpecs specs, ServerOptions options)
            : base(options, BudgetTuning.Default, SchedulerTimeProvider.Of(specs.Sys))
        {
            _scheduler = (TestScheduler)specs.Sys.Scheduler;
            var props = Props.Create(() => new ServerBudget(Ledger, 50, specs._log));
            Budget = specs.ActorOfAsTestActorRef<ServerBudget>(props);
            State.Budget = Budget;
        }

        public TestActorRef<ServerBudget> Budget { get; }

        // The actor's timer may be a tick late.
        protected override bool KnowsWhenReclaimsAreGivenUp => false;

        public override void Advance(TimeSpan by) => _scheduler.Advance(by);

        protected override void Handle(IServerBudgetMessage message) => Budget.Tell(message);
    }
}
