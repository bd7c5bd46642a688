using System.Text;
using System.Text.RegularExpressions;

namespace HyperConn.Host;

/// <summary>
/// Goes over the text of a configuration file before Akka's HOCON parser does: that one never ends on a list that isn't closed, drops the
/// rest of the file at <c>${?NAME}</c>, and quotes whole lines in its errors. Fills in environment variables, and says of what is wrong
/// the line and never the text, which may be a password.
/// </summary>
internal sealed partial class HoconScanner
{
    // What can't be in a value without quotes.
    private const string Special = "$`^?!@*&\\+";

    private readonly string _text;
    private readonly Func<string, string?> _variable;
    private readonly StringBuilder _out = new();
    private readonly Stack<(char Bracket, int Line)> _open = new();
    private int _at;
    private int _line = 1;
    private int _lineStart;
    private int _fieldStart;
    private bool _afterSeparator;
    private bool _hasValue;

    private HoconScanner(string text, Func<string, string?> variable) => (_text, _variable) = (text, variable);

    /// <summary>Where a character stands that a parser may stumble over; null: nowhere.</summary>
    public (int Line, int Column)? Suspect { get; private set; }

    /// <summary>Checks quotes and brackets and fills in variables.</summary>
    /// <param name="text">The file.</param>
    /// <param name="variable">Values of environment variables; null: not set.</param>
    /// <exception cref="FormatException">Something is wrong; the message has the line.</exception>
    public static (string Text, (int Line, int Column)? Suspect) Scan(string text, Func<string, string?> variable)
    {
        var scanner = new HoconScanner(text, variable);
        scanner.Run();
        return (scanner._out.ToString(), scanner.Suspect);
    }

    private void Run()
    {
        while (_at < _text.Length)
        {
            var letter = _text[_at];
            if (letter == '#' || Is("//"))
                Comment();
            else if (Is("\"\"\""))
                LongText();
            else if (letter == '"')
                QuotedText();
            else if (Is("${"))
                Substitution();
            else
                Plain(letter);
        }

        if (_open.TryPop(out var left))
            throw Fault(left.Line, $"'{left.Bracket}' is never closed");
    }

    private bool Is(string part) => string.CompareOrdinal(_text, _at, part, 0, part.Length) == 0;

    private void Plain(char letter)
    {
        switch (letter)
        {
            case '{' or '[':
                _open.Push((letter, _line));
                Take(1);
                NextField();
                return;
            case '}' or ']':
                Close(letter);
                return;
            case ',':
                Take(1);
                NextField();
                return;
            case '\n':
                Take(1);
                if (!_afterSeparator || _hasValue)
                    NextField();
                return;
            case '=' or ':' when !_afterSeparator:
                Take(1);
                (_afterSeparator, _hasValue) = (true, false);
                return;
        }

        if (letter is '=' or ':' || (Special.Contains(letter, StringComparison.Ordinal) && !Is("+=")))
            Suspect ??= (_line, _at - _lineStart + 1);
        _hasValue |= !char.IsWhiteSpace(letter);
        Take(1);
    }

    private void Close(char bracket)
    {
        var expected = bracket == '}' ? '{' : '[';
        if (!_open.TryPop(out var open))
            throw Fault(_line, $"'{bracket}' closes nothing");
        if (open.Bracket != expected)
            throw Fault(_line, $"'{bracket}' stands where the '{open.Bracket}' of line {open.Line} should be closed");
        Take(1);
        NextField();
        // What follows a section on its line is a comma, a comment or an end.
        _hasValue = true;
    }

    private void NextField() => (_fieldStart, _afterSeparator, _hasValue) = (_out.Length, _open.TryPeek(out var open) && open.Bracket == '[', false);

    private void Comment()
    {
        while (_at < _text.Length && _text[_at] != '\n')
            _at++;
    }

    private void LongText()
    {
        var line = _line;
        _hasValue = true;
        Take(3);
        while (_at < _text.Length && !Is("\"\"\""))
            Take(1);
        if (_at >= _text.Length)
            throw Fault(line, "the text that begins with \"\"\" is never closed");
        Take(3);
    }

    private void QuotedText()
    {
        _hasValue = true;
        Take(1);
        while (_at < _text.Length && _text[_at] is not ('"' or '\n'))
            Take(_text[_at] == '\\' && _at + 1 < _text.Length && _text[_at + 1] != '\n' ? 2 : 1);
        if (_at >= _text.Length || _text[_at] == '\n')
            throw Fault(_line, "a quote is not closed on its line (text of several lines stands between \"\"\" and \"\"\")");
        Take(1);
    }

    private void Substitution()
    {
        var match = Reference().Match(_text, _at);
        if (!match.Success)
            throw Fault(_line, "'${' is not closed by '}'. Put a value that has it in double quotes");
        var (optional, name) = (match.Groups[1].Length > 0, match.Groups[2].Value);
        var isVariable = Variable().IsMatch(name);
        if (!isVariable || Regex.IsMatch(_text, $"""^[ \t]*{name}[ \t]*[=:{"{"}]""", RegexOptions.Multiline))
        {
            // Another setting of this file: the parser's affair, but it knows none that may be missing.
            if (optional && !isVariable)
                throw Fault(_line, "only an environment variable can be optional ('${?NAME}')");
            _out.Append("${").Append(name).Append('}');
            _hasValue = true;
            _at += match.Length;
            return;
        }

        if (!_afterSeparator || _hasValue || !EndsValue(_at + match.Length))
            throw Fault(_line, "'${NAME}' must be the whole value. Put a value that has '${' in double quotes");
        var value = _variable(name);
        if (value is null && !optional)
            throw Fault(_line, $"the environment variable {name} is not set");
        _at += match.Length;
        if (value is not null)
        {
            Quote(value);
            _hasValue = true;
            return;
        }

        // As if the line weren't there: what stood before it, or the default, holds.
        _out.Length = _fieldStart;
        var rest = _at;
        while (rest < _text.Length && _text[rest] is ' ' or '\t' or '\r')
            rest++;
        if (rest < _text.Length && _text[rest] == ',')
            _at = rest + 1;
        NextField();
    }

    private bool EndsValue(int at)
    {
        while (at < _text.Length && _text[at] is ' ' or '\t' or '\r')
            at++;
        return at >= _text.Length || _text[at] is '\n' or ',' or '}' or ']' or '#' || string.CompareOrdinal(_text, at, "//", 0, 2) == 0;
    }

    private void Quote(string value)
    {
        _out.Append('"');
        foreach (var letter in value)
        {
            if (letter is '"' or '\\')
                _out.Append('\\').Append(letter);
            else if (char.IsControl(letter))
                _out.Append(System.Globalization.CultureInfo.InvariantCulture, $"\\u{(int)letter:x4}");
            else
                _out.Append(letter);
        }

        _out.Append('"');
    }

    private void Take(int count)
    {
        for (; count > 0 && _at < _text.Length; count--, _at++)
        {
            _out.Append(_text[_at]);
            if (_text[_at] == '\n')
                (_line, _lineStart) = (_line + 1, _at + 1);
        }
    }

    private static FormatException Fault(int line, string what) => new($"line {line}: {what}.");

    [GeneratedRegex("""\G\$\{(\??)[ \t]*([^\s{}"$]+)[ \t]*\}""")]
    private static partial Regex Reference();

    [GeneratedRegex("^[A-Za-z_][A-Za-z0-9_]*$")]
    private static partial Regex Variable();
}
