using HyperConn.Leases;
using HyperConn.Primitives;
using HyperConn.Servers;
using Microsoft.Extensions.Time.Testing;

namespace HyperConn.Tests.Pools;

/// <summary>Whose word a generation trusts.</summary>
public class ServerViewSpecs
{
    private readonly FakeTimeProvider _time = new();
    private readonly ServerState _server;
    private readonly CoarseClock _clock;

    public ServerViewSpecs()
    {
        _server = new ServerState(new ServerEndpoint("db1", 6432), _time);
        _clock = new CoarseClock(_time);
    }

    [Fact]
    public void Tenants_of_a_server_share_its_health_and_tenants_of_a_pooler_share_none()
    {
        Assert.Same(View().Health, View().Health);

        _server.Kind = ServerKind.Pooler;

        var (one, other) = (View(), View());
        Assert.NotSame(one.Health, other.Health);
        Assert.NotSame(_server.Health, one.Health);
        Assert.True(one.HasOwnHealth && one.IsPooled);
    }

    [Fact]
    public void Where_several_hosts_are_named_none_of_them_is_shared()
    {
        var other = new ServerState(new ServerEndpoint("db2", 5432), _time);
        var view = new ServerView([_server, other], _time, null);
        Assert.True(view.HasOwnHealth);
        Assert.False(view.IsPooled || view.IsDirect);
        other.Kind = ServerKind.Pooler;
        Assert.True(view.IsPooled);
    }

    [Fact]
    public void A_view_that_stands_alone_keeps_what_it_has_seen_when_a_pooler_is_found_once_more()
    {
        var view = View();
        var trust = new GenerationTrust(view.Health, _clock, null, 0);
        view.StandAlone(trust, _clock.Milliseconds);
        var own = view.Health;
        trust.NoteAnswered();

        view.StandAlone(trust, _clock.Milliseconds);

        Assert.Same(own, view.Health);
        Assert.True(trust.IsCurrent);
    }

    [Fact]
    public void When_a_pooler_is_found_what_is_idle_is_asked_before_it_is_trusted_and_one_answer_clears_it()
    {
        var view = View();
        var trust = new GenerationTrust(view.Health, _clock, null, 0);
        trust.NoteOpened(0);
        Assert.True(trust.IsCurrent);

        view.StandAlone(trust, _clock.Milliseconds);

        Assert.False(trust.IsCurrent);
        Assert.Equal(IdleTrust.Probe, trust.Judge(out _));
        trust.NoteAnswered();
        Assert.True(trust.IsCurrent);
    }

    [Fact]
    public void What_another_tenants_session_answers_clears_nothing_behind_a_pooler()
    {
        _server.Kind = ServerKind.Pooler;
        var (view, other) = (View(), View());
        var (trust, others) = (new GenerationTrust(view.Health, _clock, null, 0), new GenerationTrust(other.Health, _clock, null, 0));
        trust.NoteOpened(0);
        others.NoteOpened(0);
        _time.Advance(TimeSpan.FromSeconds(2));
        view.Health.DoubtIfSilent(_clock.Milliseconds);

        others.NoteAnswered();

        Assert.Equal(IdleTrust.Probe, trust.Judge(out _));
    }

    [Fact]
    public void A_search_path_is_to_be_proved_until_the_server_is_known_to_be_no_pooler_or_a_session_had_it()
    {
        var view = View("org1");
        Assert.Equal("org1", view.PathToProve);

        view.PathProved();
        Assert.Null(view.PathToProve);

        _server.Kind = ServerKind.Server;
        Assert.Null(View("org1").PathToProve);
        _server.Kind = ServerKind.Pooler;
        Assert.Equal("org1", View("org1").PathToProve);
        Assert.Null(View().PathToProve);
    }

    private ServerView View(string? searchPath = null) => new([_server], _time, searchPath);
}
