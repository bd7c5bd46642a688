using HyperConn.Secrets;
using Microsoft.Extensions.Time.Testing;

namespace HyperConn.Tests.Secrets;

/// <summary>Whatever a store does, each name gets a result.</summary>
public class SecretStoreReaderSpecs
{
    private readonly FakeTimeProvider _time = new();
    private readonly RecordingLogger _lines = new();

    [Fact]
    public async Task What_a_store_leaves_out_is_a_failure_of_the_store()
    {
        var results = await Reader(new ForgetfulStore()).ReadAsync(["a", "b"], default);
        Assert.IsType<SecretResult.Found>(results[0]);
        Assert.Equal(HyperConnErrorCode.StoreUnavailable, Assert.IsType<SecretResult.Failed>(results[1]).Code);
        Assert.Contains("'b'", ((SecretResult.Failed)results[1]).Message, StringComparison.Ordinal);
        results = await Reader(new ForgetfulStore()).ReadAsync(["b"], default);
        Assert.Equal(HyperConnErrorCode.StoreUnavailable, Assert.IsType<SecretResult.Failed>(results[0]).Code);
    }

    [Fact]
    public async Task What_a_store_throws_is_its_failure_and_only_the_types_name_shows()
    {
        var reader = Reader(new ScriptedSecretStore { Throws = new InvalidOperationException("canary") });
        var failed = Assert.IsType<SecretResult.Failed>((await reader.ReadAsync(["a"], default))[0]);
        Assert.Equal(HyperConnErrorCode.StoreUnavailable, failed.Code);
        Assert.DoesNotContain("canary", failed.Message + string.Concat(_lines.Lines), StringComparison.Ordinal);
        Assert.Equal([2009], _lines.EventIds);
    }

    [Fact]
    public async Task What_is_thrown_for_a_known_reason_keeps_it_however_it_is_wrapped()
    {
        var known = new HyperConnException(new HyperConnFailure(HyperConnErrorCode.AccessDenied, "No."));
        foreach (var fault in new Exception[] { known, new AggregateException(known) })
            Assert.Equal(new SecretResult.Failed(HyperConnErrorCode.AccessDenied, "No."), await Read(fault));
        var late = new SecretResult.Failed(HyperConnErrorCode.StoreUnavailable, "The secret store did not answer in time.");
        var timeout = new TimeoutException();
        foreach (var fault in new Exception[] { timeout, new OperationCanceledException(), new AggregateException(timeout) })
            Assert.Equal(late, await Read(fault));
        Assert.Empty(_lines.Lines);
        Assert.Contains("(AggregateException)", (await Read(new AggregateException())).Message, StringComparison.Ordinal);

        async Task<SecretResult.Failed> Read(Exception fault) =>
            Assert.IsType<SecretResult.Failed>((await Reader(new ScriptedSecretStore { Throws = fault }).ReadAsync(["a"], default))[0]);
    }

    [Fact]
    public async Task A_store_that_hangs_is_given_up_after_a_while()
    {
        var store = new ScriptedSecretStore();
        store.Hold();
        var reading = Reader(store).ReadAsync(["a", "b"], default);
        _time.Advance(TimeSpan.FromSeconds(89));
        Assert.False(reading.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.All(await reading, result => Assert.Equal(HyperConnErrorCode.StoreUnavailable, ((SecretResult.Failed)result).Code));
    }

    private SecretStoreReader Reader(ISecretStore store) => new(store, _time, _lines);

    private sealed class ForgetfulStore : ISecretStore
    {
        public Task<SecretResult> GetAsync(string name, CancellationToken cancellationToken) =>
            Task.FromResult<SecretResult>(name == "a" ? new SecretResult.Found("{}", "v1") : null!);
    }
}
