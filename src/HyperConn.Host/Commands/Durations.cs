using System.CommandLine.Parsing;
using System.Globalization;

namespace HyperConn.Host.Commands;

/// <summary>Times on the command line: a number and <c>ms</c>, <c>s</c>, <c>m</c> or <c>h</c>, or <c>hh:mm:ss</c>; a bare number is seconds.</summary>
internal static class Durations
{
    /// <summary>Reads an option's value; anything but a time above zero is an error.</summary>
    public static TimeSpan Parse(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        if (TryParse(text, out var duration))
            return duration;
        result.AddError($"'{text}' is not a time above zero. Write a number and ms, s, m or h, such as 30s.");
        return default;
    }

    internal static bool TryParse(string text, out TimeSpan duration)
    {
        var digits = text.TrimEnd('m', 's', 'h');
        double? unit = text[digits.Length..] switch
        {
            "ms" => 0.001,
            "" or "s" => 1,
            "m" => 60,
            "h" => 3600,
            _ => null,
        };
        duration = default;
        // As help and the reference write them.
        if (text.Contains(':', StringComparison.Ordinal))
            return TimeSpan.TryParseExact(text, @"hh\:mm\:ss", CultureInfo.InvariantCulture, out duration) && duration > TimeSpan.Zero;
        if (unit is null || !double.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            return false;
        var seconds = number * unit.Value;
        if (seconds is not (> 0 and <= 1_000_000))
            return false;
        duration = TimeSpan.FromSeconds(seconds);
        return true;
    }
}
