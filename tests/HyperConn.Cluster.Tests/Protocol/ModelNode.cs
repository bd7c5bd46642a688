using HyperConn.Cluster.Protocol;
using HyperConn.Servers;

namespace HyperConn.Tests.Cluster.Protocol;

/// <summary>
/// A node without a network or a database: the real agreement, and a budget that is as simple as it can be. It opens whatever its share lets it,
/// checks before and after each opening as the library does, and believes its own clock.
/// </summary>
internal sealed class ModelNode(ModelCluster cluster, NodeId id, int bookName, TimeSpan clockOffset)
{
    public const int MaxOpening = 3;

    private ShareGiven _share = new(0, 0, TimeSpan.MinValue);

    public NodeId Id { get; } = id;

    public NodeAgreement Agreement { get; } = new(id);

    /// <summary>The coordinator that runs here, for whoever believes that this is the place for it.</summary>
    public ShareBook Book { get; private set; } = new(ModelCluster.Validity, bookName, id.Tag);

    /// <summary>Which state of the membership it has heard of.</summary>
    public ModelMembers Members { get; private set; } = ModelMembers.None;

    /// <summary>Where it sends its reports.</summary>
    public ModelNode? Coordinator { get; set; }

    /// <summary>Stopped: it does nothing, and takes no message.</summary>
    public bool IsPaused { get; set; }

    /// <summary>Its side of the partition.</summary>
    public int Side { get; set; }

    public bool IsDead { get; set; }

    /// <summary>The others have removed it from the cluster, though it may live.</summary>
    public bool IsRemoved { get; set; }

    /// <summary>Callers that want a connection or have one.</summary>
    public int Callers { get; set; }

    /// <summary>Permits out. Some may have no connection behind them.</summary>
    public int Held { get; private set; }

    public int Open { get; private set; }

    public int Opening { get; private set; }

    public TimeSpan Now => cluster.Now + clockOffset;

    public bool IsValid => Now < _share.ValidUntil;

    private TimeSpan NextReportAt { get; set; } = TimeSpan.MinValue;

    public override string ToString() =>
        $"{Id.Address}.{Id.Incarnation}(callers {Callers}, share {_share.Permits}/{_share.Epoch}{(IsValid ? "" : " lapsed")}, held {Held}, open {Open}, opening {Opening}"
        + $"{(IsPaused ? ", paused" : "")}{(IsDead ? ", dead" : "")}{(IsRemoved ? ", removed" : "")}{(Book.Nodes.IsChosen(Now) ? $", coordinates: {Book.WhyNot(Now) ?? "decides"}" : "")}, view {Members.Version})";

    /// <summary>Does what is due.</summary>
    public void Live()
    {
        if (IsPaused || IsDead)
            return;

        // Idle permits go back when more are out than the share allows.
        while (Held > _share.Permits && Held > Open + Opening)
            Held--;
        while (IsValid && Open + Opening < Callers && Opening < MaxOpening && Held <= _share.Permits)
        {
            // On a permit that has nothing behind it, or on one that is granted for it.
            if (Open + Opening == Held && ++Held > _share.Permits)
            {
                Held--;
                break;
            }

            Opening++;
        }

        if (Now >= NextReportAt)
            Report();
    }

    /// <summary>It hears of a change of the membership.</summary>
    public void See(ModelMembers members)
    {
        Members = members;
        if (Coordinator is { } coordinator && !members.Up.Contains(coordinator.Id))
            Coordinator = cluster.Find(members.Up[0]);
        Book.SetMembers(members.All, members.Up);
    }

    /// <summary>Another is the place for the coordinator.</summary>
    public void EndBook(int name)
    {
        Send(Book.End());
        Book = new ShareBook(ModelCluster.Validity, name, Id.Tag);
        See(Members);
    }

    public void Report()
    {
        NextReportAt = Now + (ModelCluster.Validity / 3);
        if (Coordinator is not null && Members.Up.Contains(Id))
            cluster.Send(this, Coordinator, Agreement.Report([WhatIs()], isWhole: true, Now));
    }

    /// <summary>It speaks of none of its servers, as when no budget has answered yet.</summary>
    public void SayNothing()
    {
        if (!IsPaused && !IsDead && Coordinator is not null && Members.Up.Contains(Id))
            cluster.Send(this, Coordinator, Agreement.Report([], isWhole: false, Now));
    }

    public void Receive(IShareMessage message, ModelNode from)
    {
        switch (message)
        {
            case ShareAnswer answer:
                var changed = Agreement.Receive(answer, Now, out var isNewTerm);
                foreach (var (_, given) in changed)
                    _share = given.Epoch >= _share.Epoch ? given : _share;
                if (isNewTerm)
                    Report();
                break;
            case CoordinatorEnded ended:
                Agreement.Receive(ended, Now);
                break;
            case CountSessions when Now >= Agreement.ValidUntil(ModelCluster.Server):
                break;
            case CountSessions count:
                cluster.Sessions[Id] = cluster.Sessions.GetValueOrDefault(Id) + 1;
                cluster.CheckLimit();
                cluster.Sessions[Id]--;
                cluster.Send(this, from, new SessionsCounted(Id, count.Server, count.Question, cluster.Sessions.ToDictionary(s => s.Key.Tag, s => s.Value)));
                break;
            case ShareReport report:
                Book.Receive(report, Now);
                break;
            case SessionsCounted counted:
                Book.Receive(counted, Now);
                break;
        }
    }

    public void Decide()
    {
        if (!IsPaused && !IsDead)
            Send(Book.Decide(Now));
    }

    private void Send(IReadOnlyList<(NodeId To, IShareMessage Message)> messages)
    {
        foreach (var (to, message) in messages)
        {
            if (cluster.Find(to) is { } node)
                cluster.Send(this, node, message);
        }
    }

    /// <summary>The server has let a session in. It does so also while the process is stopped; the process looks at its clock when it goes on.</summary>
    public void SessionBegins()
    {
        if (Opening == 0 || IsDead)
            return;
        Opening--;
        Open++;
        cluster.Sessions[Id] = cluster.Sessions.GetValueOrDefault(Id) + 1;
        if (IsPaused)
            Unchecked++;
        else
            CheckAfter(1);
    }

    /// <summary>Sessions that began while the process was stopped.</summary>
    private int Unchecked { get; set; }

    public void Resume()
    {
        IsPaused = false;
        CheckAfter(Unchecked);
        Unchecked = 0;
    }

    /// <summary>A connection is closed, and its permit goes back.</summary>
    public void Close()
    {
        if (IsPaused || IsDead || Open == 0)
            return;
        Open--;
        Held--;
        cluster.Sessions[Id]--;
    }

    /// <summary>A connection is lost; its permit stays, with nothing behind it.</summary>
    public void Lose()
    {
        if (IsPaused || IsDead || Open == 0)
            return;
        Open--;
        cluster.Sessions[Id]--;
    }

    /// <summary>The process is gone, and its sockets with it.</summary>
    public void Die()
    {
        IsDead = true;
        (Open, Opening, Held) = (0, 0, 0);
        cluster.Sessions.Remove(Id);
    }

    private ServerReport WhatIs() => new(
        ModelCluster.Server,
        _share.Epoch,
        Agreement.ShareOf(ModelCluster.Server, Now),
        Held,
        Open + Opening,
        Opening,
        Math.Max(0, Callers - Open - Opening),
        ModelCluster.Limit,
        IsLimitKnown: true,
        MaxOpening,
        IsCountable: true,
        Agreement.HadHostSessions(ModelCluster.Server));

    private void CheckAfter(int sessions)
    {
        if (IsValid)
            return;
        for (; sessions > 0; sessions--)
            Close();
    }
}
