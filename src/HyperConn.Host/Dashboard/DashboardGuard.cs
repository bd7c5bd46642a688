using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace HyperConn.Host;

/// <summary>Stands before every request: known hosts only, no foreign pages, headers that keep the page to itself, the token where needed.</summary>
internal sealed partial class DashboardGuard(DashboardOptions options, ILogger<DashboardGuard> log, TimeProvider clock)
{
    private const int MostBadTokens = 10;
    private static readonly TimeSpan BadTokenWindow = TimeSpan.FromMinutes(1);

    private readonly byte[]? _token = options.AdminToken is { Length: > 0 } token ? SHA256.HashData(Encoding.UTF8.GetBytes(token)) : null;
    private readonly HashSet<string> _hosts = new(options.AllowedHosts, StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<IPAddress, (DateTimeOffset Since, int Count)> _badTokens = new();

    public bool TokenConfigured => _token is not null;

    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        Headers(context.Response.Headers);
        if (!HostIsKnown(context.Request.Host))
        {
            // A page elsewhere may rebind its name to this address; its requests still carry that name.
            await RefuseAsync(context, StatusCodes.Status421MisdirectedRequest, "This host name isn't served here. Add it to hyperconn-host.dashboard.allowed-hosts.");
            return;
        }

        var unsafeMethod = !HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method);
        if (unsafeMethod && !IsSameOrigin(context.Request))
        {
            LogForeignOrigin(context.Connection.RemoteIpAddress);
            await RefuseAsync(context, StatusCodes.Status403Forbidden, "Requests of other origins are refused.");
            return;
        }

        if (unsafeMethod || NeedsTokenToRead(context.Request.Path))
        {
            var refusal = Authorize(context);
            if (refusal is { } refused)
            {
                if (refused.Status == StatusCodes.Status401Unauthorized)
                    context.Response.Headers.WWWAuthenticate = "Bearer";
                await RefuseAsync(context, refused.Status, refused.Text);
                return;
            }
        }

        await next(context);
    }

    /// <summary>Whether the request carries the token; says nothing to the caller.</summary>
    public bool HasToken(HttpContext context) => _token is not null && Presented(context) is { } presented && Matches(presented);

    /// <summary>Whether anything may be read without the token.</summary>
    public bool ReadsFreely => options.IsPrivate;

    private static void Headers(IHeaderDictionary headers)
    {
        headers.ContentSecurityPolicy =
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; manifest-src 'self'; "
            + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()";
        headers.CacheControl = "no-store";
    }

    private bool HostIsKnown(HostString host)
    {
        if (_hosts.Contains(host.Value ?? "") || _hosts.Contains(host.Host))
            return true;

        // Beyond loopback everything needs the token, which a foreign page doesn't have.
        if (!options.IsLoopback)
            return _hosts.Count == 0;
        return host.Host is "localhost" or "127.0.0.1" or "[::1]" || host.Host == options.Endpoint?.Host;
    }

    private static bool IsSameOrigin(HttpRequest request)
    {
        var site = request.Headers["Sec-Fetch-Site"].ToString();
        if (site is not ("" or "same-origin" or "none"))
            return false;
        var origin = request.Headers.Origin.ToString();

        // TLS may end at a proxy, so the scheme is not compared.
        return origin.Length == 0 || (Uri.TryCreate(origin, UriKind.Absolute, out var uri)
            && string.Equals(uri.Authority, request.Host.Value, StringComparison.OrdinalIgnoreCase));
    }

    private bool NeedsTokenToRead(PathString path) =>
        !options.IsPrivate
        && (path.StartsWithSegments("/api") || path.StartsWithSegments("/metrics"))
        && !path.StartsWithSegments("/api/v1/access");

    private (int Status, string Text)? Authorize(HttpContext context)
    {
        if (_token is null)
            return (StatusCodes.Status403Forbidden, "No admin token is configured (hyperconn-host.dashboard.admin-token), so nothing can be changed here.");
        var remote = context.Connection.RemoteIpAddress ?? IPAddress.None;
        if (IsLockedOut(remote))
            return (StatusCodes.Status429TooManyRequests, "Too many wrong tokens from this address. Wait a minute.");
        if (Presented(context) is not { } presented)
            return (StatusCodes.Status401Unauthorized, "This needs the admin token: Authorization: Bearer <token>.");
        if (Matches(presented))
            return null;
        LogBadToken(remote);
        _badTokens.AddOrUpdate(
            remote,
            _ => (clock.GetUtcNow(), 1),
            (_, seen) => clock.GetUtcNow() - seen.Since > BadTokenWindow ? (clock.GetUtcNow(), 1) : (seen.Since, seen.Count + 1));
        return (StatusCodes.Status401Unauthorized, "The admin token is wrong.");
    }

    private bool IsLockedOut(IPAddress remote)
    {
        if (_badTokens.Count > 10_000)
            _badTokens.Clear();
        return _badTokens.TryGetValue(remote, out var seen)
            && seen.Count >= MostBadTokens
            && clock.GetUtcNow() - seen.Since <= BadTokenWindow;
    }

    private static string? Presented(HttpContext context)
    {
        const string Scheme = "Bearer ";
        var header = context.Request.Headers.Authorization.ToString();
        return header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? header[Scheme.Length..].Trim() : null;
    }

    private bool Matches(string presented) =>
        CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(presented)), _token);

    private static Task RefuseAsync(HttpContext context, int status, string text) =>
        Results.Problem(text, statusCode: status).ExecuteAsync(context);

    [LoggerMessage(EventId = 5102, EventName = "DashboardForeignOrigin", Level = LogLevel.Warning, Message = "Dashboard: refused a request of another origin from {Remote}")]
    private partial void LogForeignOrigin(IPAddress? remote);

    [LoggerMessage(EventId = 5103, EventName = "DashboardBadToken", Level = LogLevel.Warning, Message = "Dashboard: wrong admin token from {Remote}")]
    private partial void LogBadToken(IPAddress remote);
}
