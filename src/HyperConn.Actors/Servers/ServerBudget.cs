using Akka.Actor;
using HyperConn.Configuration;
using Microsoft.Extensions.Logging;

namespace HyperConn.Servers;

/// <summary>
/// The connection budget of one PostgreSQL server: books what pools tell in a <see cref="BudgetLedger"/> and lets it decide after each
/// message. The ledger comes with the props, so a restart of the actor loses nothing.
/// </summary>
internal sealed class ServerBudget : ReceiveActor, IWithTimers
{
    private const string TickKey = "tick";

    // Akka's scheduler ticks every 10 ms by default; asking for less than this only costs timers.
    private static readonly TimeSpan ShortestTick = TimeSpan.FromMilliseconds(1);

    private readonly BudgetLedger _ledger;
    private readonly int _maxPools;
    private readonly string _server;
    private readonly ILogger _logger;
    private readonly ShareReports? _reports;
    private TimeSpan? _armedFor;

    public ServerBudget(BudgetLedger ledger, int maxPools, ILogger logger)
    {
        _ledger = ledger;
        _maxPools = maxPools;
        _server = ledger.State.Endpoint.ToString();
        _logger = logger;
        _reports = ledger.State.Share is { } share ? new ShareReports(share, ledger) : null;
        Open();
    }

    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>Props of a server's budget.</summary>
    /// <param name="state">What the budget shares with the pools; the caller sets <see cref="ServerState.Budget"/>.</param>
    /// <param name="options">Settings, all in range and without a fault by <see cref="BudgetRules"/>.</param>
    /// <param name="maxPerTenant"><see cref="ConnectionOptions.MaxPerTenant"/>.</param>
    /// <param name="maxPools"><see cref="PoolOptions.MaxPools"/>.</param>
    /// <param name="time">The clock; must run with the actor system's scheduler.</param>
    /// <param name="logger">Where <see cref="BudgetLog"/> goes.</param>
    /// <param name="tuning">Null: the default.</param>
    /// <param name="random">Null: the shared generator.</param>
    public static Props Props(
        ServerState state,
        ServerOptions options,
        int maxPerTenant,
        int maxPools,
        TimeProvider time,
        ILogger logger,
        BudgetTuning? tuning = null,
        Random? random = null)
    {
        var ledger = new BudgetLedger(state, options, maxPerTenant, time, random ?? Random.Shared, tuning);
        return Akka.Actor.Props.Create(() => new ServerBudget(ledger, maxPools, logger));
    }

    // Also after a restart, whose timers are gone; a message, because a fault at start would stop the actor for good.
    protected override void PreStart() => Self.Tell(Tick.Instance);

    private void Open()
    {
        Receive<PermitWanted>(OnWanted);
        Receive<PermitsReturned>(OnReturned);
        Receive<PermitOverdrawn>(OnOverdrawn);
        Receive<OpenEnded>(OnOpenEnded);
        Receive<HolderClosed>(OnClosed);
        Receive<SlotFreed>(_ => SettleAndArm());
        Receive<ServerFull>(OnServerFull);
        Receive<ServerCapacityRead>(OnCapacityRead);
        Receive<PoolerFound>(OnPoolerFound);
        Receive<ShareGiven>(OnShareGiven);
        Receive<ReportNeed>(_ => _reports?.Send());
        Receive<GetServerStatistics>(OnGetStatistics);
        Receive<Tick>(OnTick);
    }

    private void OnWanted(PermitWanted message)
    {
        _ledger.Want(message.Holder);
        SettleAndArm();
    }

    private void OnReturned(PermitsReturned message)
    {
        var held = _ledger.HeldBy(message.Holder);
        if (_ledger.Returned(message.Holder, message.Count, message.AnswersReclaim) > 0)
            BudgetLog.ReturnedTooMany(_logger, _server, message.Holder.Tenant, message.Count, held);
        SettleAndArm();
    }

    private void OnOverdrawn(PermitOverdrawn message)
    {
        _ledger.Overdrawn(message.Holder);
        SettleAndArm();
    }

    private void OnOpenEnded(OpenEnded message)
    {
        _ledger.OpenEnded(message.Holder);
        SettleAndArm();
    }

    private void OnClosed(HolderClosed message)
    {
        _ledger.Closed(message.Holder);
        SettleAndArm();
    }

    private void OnServerFull(ServerFull message)
    {
        var before = _ledger.Limit.InForce;
        _ledger.Refused();
        // A burst of opens is refused together; the first of them says it all.
        if (_ledger.Limit.InForce < before)
            BudgetLog.ServerFull(_logger, _server, _ledger.Granted, _ledger.Limit.InForce);
        SettleAndArm();
    }

    private void OnCapacityRead(ServerCapacityRead message)
    {
        var limit = _ledger.Limit;
        if (message.IsPresumed)
        {
            limit.Presume(message.MaxConnections, message.ReservedConnections);
            SettleAndArm();
            return;
        }

        limit.Read(message.MaxConnections, message.ReservedConnections);
        BudgetLog.CapacityRead(_logger, _server, message.MaxConnections, message.ReservedConnections, limit.InForce);
        if (!limit.IsUnlimited && limit.Allowed > limit.Capacity)
            BudgetLog.LimitAboveCapacity(_logger, _server, limit.Allowed, limit.Capacity.Value);
        WarnOfFloors();
        SettleAndArm();
    }

    private void OnPoolerFound(PoolerFound message)
    {
        _ledger.Limit.Pooled();
        BudgetLog.PoolerFound(_logger, _server, _ledger.Limit.InForce);
        WarnOfFloors();
        SettleAndArm();
    }

    private void OnShareGiven(ShareGiven given)
    {
        _ledger.Share(given);
        SettleAndArm();
    }

    private void OnGetStatistics(GetServerStatistics message) => Sender.Tell(_ledger.Statistics());

    private void OnTick(Tick message)
    {
        _armedFor = null;
        SettleAndArm();
    }

    private void WarnOfFloors()
    {
        if (_ledger.Limit.IsUnlimited)
            return;
        foreach (var fault in BudgetRules.FaultsWithin(_ledger.Limit.Allowed, _ledger.Options, _maxPools))
            BudgetLog.FloorsDontFit(_logger, _server, fault);
    }

    private void SettleAndArm()
    {
        var settled = _ledger.Settle();
        if (settled.Recovered)
            BudgetLog.CeilingRecovered(_logger, _server, _ledger.Limit.InForce);
        if (settled.AskedHolders > 0)
            BudgetLog.Reclaiming(_logger, _server, settled.AskedHolders, settled.AskedPermits, _ledger.State.Wanted);
        if (settled.Unanswered > 0)
            BudgetLog.ReclaimTimedOut(_logger, _server, settled.Unanswered);
        Arm(_reports?.Consider());
    }

    /// <summary>One timer at most, and moved only to come sooner: most messages leave it alone.</summary>
    private void Arm(TimeSpan? reportAt)
    {
        var due = _ledger.NextDue() ?? TimeSpan.MaxValue;
        if (reportAt - _ledger.Now is { } untilReport && untilReport < due)
            due = untilReport;
        if (due == TimeSpan.MaxValue)
            return;
        due = due < ShortestTick ? ShortestTick : due;
        var at = _ledger.Now + due;
        if (_armedFor <= at)
            return;
        _armedFor = at;
        Timers.StartSingleTimer(TickKey, Tick.Instance, due);
    }

    private sealed class Tick
    {
        public static readonly Tick Instance = new();
    }
}
