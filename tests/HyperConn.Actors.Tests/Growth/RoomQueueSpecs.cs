using System.Globalization;
using Akka.Actor;
using HyperConn.Pools;

namespace HyperConn.Tests.Growth;

/// <summary>Tenants whose wait for room is over leave nothing behind, though nobody goes for hours.</summary>
public class RoomQueueSpecs
{
    private readonly PoolRuntime _runtime = new(new HyperConnOptions { ProjectName = "martech" });
    private readonly PoolRegistry _registry = new();
    private readonly List<TenantKey> _started = [];
    private readonly PoolRoom _room;

    public RoomQueueSpecs()
    {
        _runtime.Options.Pools.MaxPools = 1;
        _room = new PoolRoom(_runtime, _registry, new NoTimers(), entry => _started.Add(entry.Tenant), (_, _) => { });
        _registry.Add(Entry("live"));
    }

    [Fact]
    public void Those_whose_time_has_passed_do_not_gather()
    {
        for (var i = 0; i < 10_000; i++)
        {
            var waits = Wait("org" + i.ToString(CultureInfo.InvariantCulture));
            Assert.True(_room.StopWaiting(waits));
            Assert.False(_room.StopWaiting(waits));
            Assert.Equal(0, _room.Queued);
        }
    }

    [Fact]
    public void Who_still_waits_keeps_its_place()
    {
        var (first, second, third) = (Wait("a"), Wait("b"), Wait("c"));
        Assert.True(_room.StopWaiting(second));
        Assert.Equal(3, _room.Queued);
        Assert.True(_room.StopWaiting(first));
        Assert.Equal(1, _room.Queued);

        _registry.Remove(_registry.Find(TenantKey.Create("core", "live"))!);
        _room.StartWaiting();
        Assert.Equal([third.Tenant], _started);
        Assert.Equal(0, _room.Queued);
    }

    [Fact]
    public void Whose_wait_is_over_is_passed_over_when_there_is_room()
    {
        var (first, second, third) = (Wait("a"), Wait("b"), Wait("c"));
        Assert.True(_room.StopWaiting(second));

        _registry.Remove(_registry.Find(TenantKey.Create("core", "live"))!);
        _room.StartWaiting();
        Assert.Equal([first.Tenant], _started);
        Assert.Equal(1, _room.Queued);

        // One whose pool is being made waits no more.
        first.Child = new HeardRef();
        Assert.False(_room.StopWaiting(first));
        Assert.True(_room.StopWaiting(third));
        Assert.Equal(0, _room.Queued);
    }

    private PoolEntry Entry(string org) => new(new TenantDataSource(_runtime.Opening, TenantKey.Create("core", org)), 1);

    private PoolEntry Wait(string org)
    {
        var entry = Entry(org);
        _registry.Add(entry);
        _room.Wait(entry);
        return entry;
    }

    private sealed class NoTimers : IWithTimers, ITimerScheduler
    {
        public ITimerScheduler Timers
        {
            get => this;
            set => throw new NotSupportedException();
        }

        public IReadOnlyCollection<object> ActiveTimers => [];

        public void StartPeriodicTimer(object key, object msg, TimeSpan interval)
        {
        }

        public void StartPeriodicTimer(object key, object msg, TimeSpan interval, IActorRef sender)
        {
        }

        public void StartPeriodicTimer(object key, object msg, TimeSpan initialDelay, TimeSpan interval)
        {
        }

        public void StartPeriodicTimer(object key, object msg, TimeSpan initialDelay, TimeSpan interval, IActorRef sender)
        {
        }

        public void StartSingleTimer(object key, object msg, TimeSpan timeout)
        {
        }

        public void StartSingleTimer(object key, object msg, TimeSpan timeout, IActorRef sender)
        {
        }

        public bool IsTimerActive(object key) => false;

        public void Cancel(object key)
        {
        }

        public void CancelAll()
        {
        }
    }
}
