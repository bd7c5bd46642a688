using System.Globalization;

namespace HyperConn.Configuration;

/// <summary>How a server's limit is written in configuration files: a number, <c>auto</c> or <c>unlimited</c>.</summary>
internal static class ServerLimitText
{
    public static bool TryParse(string? text, out int? limit)
    {
        limit = null;
        switch (text?.Trim().ToLowerInvariant())
        {
            case null or "" or "auto":
                return true;
            case "unlimited":
                limit = ServerOptions.Unlimited;
                return true;
            case var number when int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var value):
                limit = value;
                return true;
            default:
                return false;
        }
    }
}
