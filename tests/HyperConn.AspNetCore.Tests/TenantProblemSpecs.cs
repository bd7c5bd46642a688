using System.Text.Json;
using HyperConn.AspNetCore.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace HyperConn.AspNetCore.Tests;

/// <summary>What callers from outside are told of each failure.</summary>
public class TenantProblemSpecs
{
    private const string Canary = "db1.internal 5432 app s3cret acme";

    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    public static TheoryData<HyperConnErrorCode> Codes => [.. Enum.GetValues<HyperConnErrorCode>()];

    [Theory]
    [MemberData(nameof(Codes))]
    public async Task No_failure_says_more_than_its_code(HyperConnErrorCode code)
    {
        var context = await AnswerAsync(new HyperConnException(new HyperConnFailure(code, Canary, TenantKey.Create("core", "acme")), new InvalidOperationException(Canary)));
        var body = await ReadAsync(context);

        var (status, problem) = code switch
        {
            HyperConnErrorCode.InvalidTenant or HyperConnErrorCode.ServiceNotAllowed or HyperConnErrorCode.SecretNotFound or HyperConnErrorCode.KeyNotFound => (404, "TenantUnknown"),
            HyperConnErrorCode.CapacityReached or HyperConnErrorCode.BudgetTimedOut or HyperConnErrorCode.WaitersFull => (503, "TenantBusy"),
            HyperConnErrorCode.NotConfigured or HyperConnErrorCode.SecretMalformed or HyperConnErrorCode.AccessDenied or HyperConnErrorCode.Internal
                or HyperConnErrorCode.ConnectionFailed => (500, "TenantFault"),
            _ => (503, "TenantUnavailable"),
        };
        Assert.Equal((status, problem), (context.Response.StatusCode, body.RootElement.GetProperty("code").GetString()));
        Assert.Equal(["code", "detail", "status", "title", "type"], body.RootElement.EnumerateObject().Select(p => p.Name).Where(name => name != "traceId").Order());
        foreach (var word in Canary.Split(' '))
            Assert.DoesNotContain(word, body.RootElement.GetRawText(), StringComparison.Ordinal);
        Assert.Equal(status == 503 ? "5" : "", context.Response.Headers.RetryAfter.ToString());
    }

    [Theory]
    [InlineData(0.1, "1")]
    [InlineData(-60, "1")]
    [InlineData(7.2, "8")]
    [InlineData(86400, "86400")]
    public async Task Retry_After_is_the_time_of_the_next_try_in_whole_seconds(double seconds, string expected)
    {
        var context = await AnswerAsync(new HyperConnException(new HyperConnFailure(HyperConnErrorCode.ServerUnreachable, Canary, null, Now.AddSeconds(seconds))));

        Assert.Equal(expected, context.Response.Headers.RetryAfter.ToString());
    }

    [Fact]
    public async Task It_is_found_inside_of_what_others_wrapped_it_in()
    {
        var failure = new HyperConnException(new HyperConnFailure(HyperConnErrorCode.SecretNotFound, Canary));

        Assert.Equal(404, (await AnswerAsync(new InvalidOperationException("retries", failure))).Response.StatusCode);
        Assert.Equal(404, (await AnswerAsync(new AggregateException(new FormatException(), new InvalidOperationException("x", failure)))).Response.StatusCode);
    }

    [Fact]
    public async Task Other_exceptions_are_other_handlers()
    {
        var handler = Handler();

        Assert.False(await handler.TryHandleAsync(Context(), new InvalidOperationException("x", new FormatException()), default));
        Assert.False(await handler.TryHandleAsync(Context(), new AggregateException(), default));
    }

    [Fact]
    public async Task Who_has_gone_is_told_nothing()
    {
        var context = Context();
        context.RequestAborted = new CancellationToken(canceled: true);

        Assert.True(await Handler().TryHandleAsync(context, new HyperConnException(new HyperConnFailure(HyperConnErrorCode.TimedOut, Canary)), default));
        Assert.Equal((499, 0L), (context.Response.StatusCode, context.Response.Body.Length));
    }

    [Fact]
    public void A_pause_of_less_than_a_second_is_refused_at_the_start()
    {
        using var services = new ServiceCollection().WithTenantProblemDetails(o => o.RetryAfter = TimeSpan.Zero).BuildServiceProvider();

        Assert.Throws<OptionsValidationException>(() => services.GetRequiredService<IOptions<TenantProblemOptions>>().Value);
    }

    private static async Task<HttpContext> AnswerAsync(Exception failure)
    {
        var context = Context();
        Assert.True(await Handler().TryHandleAsync(context, failure, CancellationToken.None));
        return context;
    }

    private static HyperConnExceptionHandler Handler() =>
        new(Options.Create(new TenantProblemOptions()), new SetTime(), NullLogger<HyperConnExceptionHandler>.Instance);

    private static DefaultHttpContext Context() => new()
    {
        RequestServices = new ServiceCollection().AddLogging().AddProblemDetails().BuildServiceProvider(),
        Response = { Body = new MemoryStream() },
    };

    private static async Task<JsonDocument> ReadAsync(HttpContext context)
    {
        context.Response.Body.Position = 0;
        return await JsonDocument.ParseAsync(context.Response.Body);
    }

    private sealed class SetTime : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => Now;
    }
}
