using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace HyperConn.Host;

/// <summary>
/// Stands before every request: known hosts only, no proxy that nobody configured, no foreign pages, headers that keep the page to itself,
/// the token where needed.
/// </summary>
internal sealed partial class DashboardGuard(DashboardOptions options, ILogger<DashboardGuard> log, TimeProvider clock)
{
    private static readonly string[] OfProxies = ["X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Prefix", "X-Real-IP", "Forwarded"];
    private static readonly object VerdictKey = new();

    private readonly byte[]? _token = options.AdminToken is { Length: > 0 } token ? SHA256.HashData(Encoding.UTF8.GetBytes(token)) : null;
    private readonly HashSet<string> _hosts = new(options.AllowedHosts, StringComparer.OrdinalIgnoreCase);
    private readonly BadTokens _badTokens = new(clock);

    private enum Verdict
    {
        None,
        Right,
        Wrong,
        TooMany,
    }

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

        if (options.IsPrivate && OfProxies.Any(context.Request.Headers.ContainsKey))
        {
            // Whoever is behind it could read without a token, which is for people on this machine.
            await RefuseAsync(
                context, StatusCodes.Status403Forbidden,
                "A proxy that is not configured forwards to this address, which anybody on this machine may read without a token. Add the proxy to hyperconn-host.dashboard.trusted-proxies; then the token is needed.");
            return;
        }

        var unsafeMethod = !HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method);
        if (unsafeMethod && !IsSameOrigin(context.Request))
        {
            LogForeignOrigin(context.Connection.RemoteIpAddress);
            await RefuseAsync(context, StatusCodes.Status403Forbidden, "Requests of other origins are refused.");
            return;
        }

        var needsToken = unsafeMethod || NeedsTokenToRead(context.Request.Path);
        if (needsToken || ShowsVerdict(context.Request.Path))
        {
            if (Authorize(context, needsToken) is { } refused)
            {
                if (refused.Status == StatusCodes.Status401Unauthorized)
                    context.Response.Headers.WWWAuthenticate = "Bearer";
                await RefuseAsync(context, refused.Status, refused.Text);
                return;
            }
        }

        await next(context);
    }

    /// <summary>Whether the request carries the token; asked only where <see cref="InvokeAsync"/> has looked at it.</summary>
    public static bool HasToken(HttpContext context) => context.Items[VerdictKey] is Verdict.Right;

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

    // What they answer tells a right token from a wrong one, so that guesses count here, too.
    private bool ShowsVerdict(PathString path) =>
        path.StartsWithSegments("/api/v1/access") || (!options.IsPrivate && (path.StartsWithSegments("/healthz") || path.StartsWithSegments("/readyz")));

    private (int Status, string Text)? Authorize(HttpContext context, bool needsToken)
    {
        if (_token is null)
        {
            return needsToken
                ? (StatusCodes.Status403Forbidden, "No admin token is configured (hyperconn-host.dashboard.admin-token), so nothing can be changed here.")
                : null;
        }

        var verdict = Judge(context, _token);
        context.Items[VerdictKey] = verdict;
        return verdict switch
        {
            Verdict.TooMany => (StatusCodes.Status429TooManyRequests, "Too many wrong tokens from this address. Wait a minute."),
            Verdict.Wrong when needsToken => (StatusCodes.Status401Unauthorized, "The admin token is wrong."),
            Verdict.None when needsToken => (StatusCodes.Status401Unauthorized, "This needs the admin token: Authorization: Bearer <token>."),
            _ => null,
        };
    }

    // The right token is never locked out, whatever others send from the same address.
    private Verdict Judge(HttpContext context, byte[] token)
    {
        if (Presented(context) is not { } presented)
            return Verdict.None;
        if (CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(presented)), token))
            return Verdict.Right;
        var remote = context.Connection.RemoteIpAddress;
        LogBadToken(remote);
        return _badTokens.Add(remote) ? Verdict.TooMany : Verdict.Wrong;
    }

    private static string? Presented(HttpContext context)
    {
        const string Scheme = "Bearer ";
        var header = context.Request.Headers.Authorization.ToString();
        return header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? header[Scheme.Length..].Trim() : null;
    }

    private static Task RefuseAsync(HttpContext context, int status, string text) =>
        Results.Problem(text, statusCode: status).ExecuteAsync(context);

    [LoggerMessage(EventId = 5102, EventName = "DashboardForeignOrigin", Level = LogLevel.Warning, Message = "Dashboard: refused a request of another origin from {Remote}")]
    private partial void LogForeignOrigin(IPAddress? remote);

    [LoggerMessage(EventId = 5103, EventName = "DashboardBadToken", Level = LogLevel.Warning, Message = "Dashboard: wrong admin token from {Remote}")]
    private partial void LogBadToken(IPAddress? remote);
}
