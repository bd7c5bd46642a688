using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace HyperConn.Host;

/// <summary>
/// Text of servers, secrets and events, made fit to be printed: it can't begin a line of its own, steer a terminal or turn the direction
/// of what stands beside it.
/// </summary>
internal static class Printable
{
    /// <summary>Most characters of one text; a server's message may quote a whole statement.</summary>
    public const int MostCharacters = 2_000;

    /// <summary>The text on one line: line ends, tabs and other control characters become spaces, what would reorder text is left out.</summary>
    [return: NotNullIfNotNull(nameof(text))]
    public static string? Line(string? text)
    {
        if (text is null || (text.Length <= MostCharacters && !text.Any(IsDangerous)))
            return text;
        var line = new StringBuilder(Math.Min(text.Length, MostCharacters) + 1);
        foreach (var letter in text.EnumerateRunes())
        {
            if (line.Length >= MostCharacters)
            {
                line.Append('…');
                break;
            }

            switch (Rune.GetUnicodeCategory(letter))
            {
                case UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator:
                    if (line.Length > 0 && line[^1] != ' ')
                        line.Append(' ');
                    break;
                case UnicodeCategory.Format:
                    break;
                default:
                    line.Append(letter);
                    break;
            }
        }

        return line.ToString().TrimEnd();
    }

    /// <summary>The same for text of several lines, which stay lines.</summary>
    public static string Lines(string text) => string.Join(Environment.NewLine, text.Split('\n').Select(line => Line(line.TrimEnd('\r'))));

    private static bool IsDangerous(char letter) => letter < ' ' || (letter >= 0x7F && (char.IsControl(letter) || char.IsSurrogate(letter)
        || char.GetUnicodeCategory(letter) is UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Format));
}
