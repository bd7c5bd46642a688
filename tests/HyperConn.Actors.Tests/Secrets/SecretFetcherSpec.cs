using Akka.Actor;
using Akka.TestKit;
using HyperConn.Primitives;
using HyperConn.Secrets;

namespace HyperConn.Tests;

/// <summary>A fetcher on a scripted store and virtual time.</summary>
public abstract class SecretFetcherSpec : Akka.TestKit.Xunit2.TestKit
{
    private IActorRef? _fetcher;

    protected SecretFetcherSpec()
        : base(SchedulerTimeProvider.Config)
    {
        Clock = SchedulerTimeProvider.Of(Sys);
        Parent = CreateTestProbe("parent");
    }

    private protected ScriptedSecretStore Store { get; } = new();

    private protected RecordingLogger Lines { get; } = new();

    private protected SecretOptions Options { get; } = new();

    private protected Random Chance { get; set; } = new FixedRandom(1);

    private protected SchedulerTimeProvider Clock { get; }

    private protected TestProbe Parent { get; }

    private protected IActorRef Fetcher => _fetcher ??=
        Parent.ChildActorOf(SecretFetcher.CreateProps(Store, Options, "martech", Clock, new MonotonicClock(Clock), Chance, Lines), "secrets");

    private protected static string Text(string uri) => $$"""{"core-postgresql":"{{uri}}"}""";

    private protected static TenantKey Tenant(string org, string service = "core") => TenantKey.Create(service, org);

    /// <summary>Asks for credentials and comes back when the fetcher has the question.</summary>
    private protected void Ask(string org, string service = "core") => Say(new FetchCredentials(Tenant(org, service)));

    private protected void Say(object message)
    {
        Fetcher.Tell(message, TestActor);
        Statistics();
    }

    /// <summary>Asks and lets the batch window pass.</summary>
    private protected CredentialsFound Fetch(string org, string service = "core")
    {
        Ask(org, service);
        Pass(Options.BatchWindow);
        return ExpectMsg<CredentialsFound>();
    }

    /// <summary>Has so many secrets cached: of <c>org0</c>, <c>org1</c> and so on.</summary>
    private protected void Fill(int secrets)
    {
        for (var i = 0; i < secrets; i++)
        {
            Store.Put("martech-org" + i, Text("postgresql://" + i), "v1");
            Fetcher.Tell(new FetchCredentials(Tenant("org" + i)), TestActor);
        }

        Statistics();
        Pass(Options.BatchWindow);
        ReceiveN(secrets, TimeSpan.FromSeconds(20));
    }

    /// <summary>Puts a new version of a secret into the store while the first call for it, whose answer is the old one, is held.</summary>
    private protected void PutNewWhileOldIsRead(string org)
    {
        Store.Put("martech-" + org, Text("postgresql://old"), "v1");
        Store.Hold();
        Ask(org);
        Pass(Options.BatchWindow);
        CallCount(1);
        Store.Put("martech-" + org, Text("postgresql://new"), "v2");
    }

    private protected HyperConnFailure FetchFails(string org, string service = "core")
    {
        Ask(org, service);
        Pass(Options.BatchWindow);
        return ExpectMsg<CredentialsMissing>().Reason;
    }

    /// <summary>Moves time and waits until the fetcher has noticed.</summary>
    private protected void Pass(TimeSpan time)
    {
        ((TestScheduler)Sys.Scheduler).Advance(time);
        Statistics();
    }

    /// <summary>What the fetcher has done; everything told to it before has been handled when this returns.</summary>
    private protected SecretFetcherStatistics Statistics()
    {
        var probe = CreateTestProbe();
        Fetcher.Tell(GetSecretFetcherStatistics.Instance, probe.Ref);
        return probe.ExpectMsg<SecretFetcherStatistics>();
    }

    private protected void Calls(params string[][] expected) => AwaitAssert(() => Assert.Equal(expected, Store.Calls));

    private protected void CallCount(int expected)
    {
        AwaitAssert(() => Assert.Equal(expected, Store.Calls.Count));
        Statistics();
        Assert.Equal(expected, Store.Calls.Count);
    }
}
