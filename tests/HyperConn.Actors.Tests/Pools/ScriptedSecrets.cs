using Akka.Actor;
using HyperConn.Primitives;
using HyperConn.Secrets;

namespace HyperConn.Tests.Pools;

/// <summary>Stands in for the secret fetcher: answers at once what the test has written down, or when the test says.</summary>
internal sealed class ScriptedSecrets(TimeProvider time, MonotonicClock clock)
{
    /// <summary>The password of every tenant. It must show nowhere.</summary>
    public const string Canary = "canary-4f1d";

    private readonly Dictionary<TenantKey, object> _answers = [];
    private readonly List<(IActorRef Asker, TenantKey Tenant)> _held = [];

    /// <summary>Tenants asked for, in order, refetches included.</summary>
    public List<TenantKey> Fetches { get; } = [];

    public List<RefetchCredentials> Refetches { get; } = [];

    public List<string> Revalidated { get; } = [];

    /// <summary>Organisations that may be forgotten, by the supervisor's word.</summary>
    public List<string> Forgotten { get; } = [];

    /// <summary>Whether answers wait for <see cref="Release"/>.</summary>
    public bool Holds { get; set; }

    /// <summary>The latest incarnation.</summary>
    public IActorRef Actor { get; private set; } = ActorRefs.Nobody;

    public static string Uri(string user = "app", string host = "db1", string database = "d", string password = Canary) =>
        $"postgresql://{user}:{password}@{host}/{database}";

    public void Set(TenantKey tenant, string text, string version) =>
        _answers[tenant] = new CredentialsFound(tenant, text, version, Moment.Of(clock, clock.Now), Moment.Of(clock, clock.Now + TimeSpan.FromHours(1)));

    public void Fail(TenantKey tenant, HyperConnErrorCode code, TimeSpan? retryIn = null) =>
        _answers[tenant] = new CredentialsMissing(tenant, new HyperConnFailure(code, "No.", tenant, time.GetUtcNow() + retryIn));

    public void Release()
    {
        Holds = false;
        var held = _held.ToArray();
        _held.Clear();
        foreach (var (asker, tenant) in held)
            asker.Tell(AnswerOf(tenant), Actor);
    }

    public Props Props() => Akka.Actor.Props.Create(() => new Fetcher(this)).WithDispatcher(PoolWorld.Dispatcher);

    private object AnswerOf(TenantKey tenant)
    {
        if (!_answers.TryGetValue(tenant, out var answer))
        {
            Set(tenant, Uri(), "v1");
            answer = _answers[tenant];
        }

        return answer;
    }

    private void Answer(IActorRef asker, TenantKey tenant)
    {
        Fetches.Add(tenant);
        if (Holds)
            _held.Add((asker, tenant));
        else
            asker.Tell(AnswerOf(tenant), Actor);
    }

    private sealed class Fetcher : ReceiveActor
    {
        private readonly ScriptedSecrets _script;

        public Fetcher(ScriptedSecrets script)
        {
            _script = script;
            script.Actor = Self;
            Receive<FetchCredentials>(fetch => script.Answer(Sender, fetch.Tenant));
            Receive<RefetchCredentials>(refetch =>
            {
                script.Refetches.Add(refetch);
                script.Answer(Sender, refetch.Tenant);
            });
            Receive<RevalidateSecret>(revalidate => script.Revalidated.Add(revalidate.Org));
            Receive<ForgetSecrets>(forget => script.Forgotten.AddRange(forget.Orgs));
            Receive<RefreshSecret>(refresh => Sender.Tell(new SecretRefreshed(refresh.Org, null, null)));
            Receive<Tell>(tell => Context.Parent.Tell(tell.Message));
        }

        /// <summary>As the real one does: nobody waits for what is lost.</summary>
        protected override void PostStop()
        {
            var held = _script._held.ToArray();
            _script._held.Clear();
            foreach (var (asker, tenant) in held)
                asker.Tell(new CredentialsMissing(tenant, new HyperConnFailure(HyperConnErrorCode.ShuttingDown, "Stopped.", tenant)));
        }
    }

    /// <summary>Has the fetcher tell its parent something.</summary>
    internal sealed record Tell(object Message);
}
