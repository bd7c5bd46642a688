using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Net.Http.Headers;

namespace HyperConn.AspNetCore.Problems;

/// <summary>An answer to a caller from outside: which of the problems it is, and nothing of whose.</summary>
/// <param name="Code">One of <see cref="TenantProblemCodes"/>.</param>
/// <param name="Status">Status of HTTP.</param>
/// <param name="Title">The problem in short.</param>
/// <param name="Detail">What the caller can do.</param>
internal sealed record TenantProblem(string Code, int Status, string Title, string Detail)
{
    private static readonly Dictionary<string, TenantProblem> All = new TenantProblem[]
    {
        new(TenantProblemCodes.Missing, StatusCodes.Status400BadRequest, "No tenant", "The request names no tenant, and this endpoint needs one."),
        new(TenantProblemCodes.Ambiguous, StatusCodes.Status400BadRequest, "More than one tenant", "The request must name exactly one tenant."),
        new(TenantProblemCodes.Forbidden, StatusCodes.Status403Forbidden, "Not your tenant", "The signed-in user does not belong to the tenant asked for."),
        new(TenantProblemCodes.Unknown, StatusCodes.Status404NotFound, "Unknown tenant", "There is no such tenant."),
        new(TenantProblemCodes.Busy, StatusCodes.Status503ServiceUnavailable, "Busy", "All connections are in use. Try again later."),
        new(TenantProblemCodes.Unavailable, StatusCodes.Status503ServiceUnavailable, "Unavailable", "The tenant can't be served now. Try again later."),
        new(TenantProblemCodes.Fault, StatusCodes.Status500InternalServerError, "Fault", "The tenant can't be served until an operator has mended it."),
    }.ToDictionary(problem => problem.Code, StringComparer.Ordinal);

    public static TenantProblem Of(string code) => All[code];

    public static TenantProblem Of(HyperConnException failure) => Of(failure.Code switch
    {
        HyperConnErrorCode.InvalidTenant
            or HyperConnErrorCode.ServiceNotAllowed
            or HyperConnErrorCode.SecretNotFound
            or HyperConnErrorCode.KeyNotFound => TenantProblemCodes.Unknown,
        HyperConnErrorCode.CapacityReached
            or HyperConnErrorCode.BudgetTimedOut
            or HyperConnErrorCode.WaitersFull => TenantProblemCodes.Busy,
        HyperConnErrorCode.StoreUnavailable
            or HyperConnErrorCode.StoreThrottled
            or HyperConnErrorCode.TimedOut
            or HyperConnErrorCode.ShuttingDown
            or HyperConnErrorCode.LoginRefused
            or HyperConnErrorCode.DatabaseUnavailable
            or HyperConnErrorCode.ServerUnreachable
            or HyperConnErrorCode.Paused
            or HyperConnErrorCode.Banned => TenantProblemCodes.Unavailable,
        _ => failure.IsTransient && failure.Code != HyperConnErrorCode.Internal ? TenantProblemCodes.Unavailable : TenantProblemCodes.Fault,
    });

    /// <summary>Answers with it.</summary>
    /// <param name="context">The request.</param>
    /// <param name="retryAfter">Seconds after which the caller may come again; null: that is not said.</param>
    public Task WriteAsync(HttpContext context, long? retryAfter = null)
    {
        if (retryAfter is { } seconds)
            context.Response.Headers[HeaderNames.RetryAfter] = seconds.ToString(CultureInfo.InvariantCulture);
        return TypedResults.Problem(new ProblemDetails { Status = Status, Title = Title, Detail = Detail, Extensions = { ["code"] = Code } }).ExecuteAsync(context);
    }
}
