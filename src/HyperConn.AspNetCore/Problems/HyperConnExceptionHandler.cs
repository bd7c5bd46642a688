using System.Diagnostics;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace HyperConn.AspNetCore.Problems;

/// <summary>Answers a <see cref="HyperConnException"/> that left an endpoint, also inside of what others wrapped it in.</summary>
internal sealed class HyperConnExceptionHandler(
    IOptions<TenantProblemOptions> options, TimeProvider time, ILogger<HyperConnExceptionHandler> logger) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (Find(exception) is not { } failure)
            return false;
        if (httpContext.RequestAborted.IsCancellationRequested)
        {
            // Nobody reads an answer; the access log shows that the caller went.
            httpContext.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
            return true;
        }

        var problem = TenantProblem.Of(failure);
        ProblemLog.Answered(logger, problem.Status, problem.Code, failure.Tenant, failure.Code, failure.Message);
        httpContext.Features.Get<IHttpActivityFeature>()?.Activity.SetTag("error.type", failure.Code.ToString()).SetStatus(ActivityStatusCode.Error);
        await problem.WriteAsync(httpContext, problem.Status == StatusCodes.Status503ServiceUnavailable ? RetryAfter(failure) : null).ConfigureAwait(false);
        return true;
    }

    // Whole seconds, and never a time that has passed.
    private long RetryAfter(HyperConnException failure)
    {
        var wait = failure.Failure.RetryAt is { } at ? at - time.GetUtcNow() : options.Value.RetryAfter;
        return Math.Max(1, (long)Math.Ceiling(wait.TotalSeconds));
    }

    // Entity Framework Core wraps what its retries gave up on, tasks what several of them threw.
    private static HyperConnException? Find(Exception? exception) => exception switch
    {
        null => null,
        HyperConnException found => found,
        AggregateException several => several.InnerExceptions.Select(Find).FirstOrDefault(found => found is not null),
        _ => Find(exception.InnerException),
    };
}

/// <summary>What the caller is not told.</summary>
internal static partial class ProblemLog
{
    [LoggerMessage(4001, LogLevel.Warning, "Answered {Status} {Problem} for {Tenant} ({Code}): {Explanation}", EventName = "TenantProblemAnswered")]
    public static partial void Answered(ILogger logger, int status, string problem, TenantKey? tenant, HyperConnErrorCode code, string explanation);
}
