namespace HyperConn.Host.Commands;

/// <summary>
/// Finds statements that would begin or end a transaction, which <c>exec</c> keeps for itself: after a <c>commit</c> of the SQL's own
/// neither a dry run nor "rolled back" would be true. It reads SQL as PostgreSQL's lexer does (manual, 4.1): quotes, dollar quotes and
/// nested comments hide what is in them, and the body of a <c>begin atomic</c> function is no statement.
/// </summary>
internal sealed class SqlTransactionWords
{
    private readonly string _sql;
    private int _at;
    private int _line = 1;

    private SqlTransactionWords(string sql) => _sql = sql;

    /// <summary>The first such statement and its line; null: there is none.</summary>
    public static (string Words, int Line)? Find(string sql) => new SqlTransactionWords(sql).Find();

    private (string Words, int Line)? Find()
    {
        // The first two words of the statement, and how deep in the body of a function it is.
        string? first = null;
        var previous = "";
        var words = 0;
        var (depth, line) = (0, 1);
        while (NextToken() is { } token)
        {
            if (token == ";" && depth == 0)
            {
                if (words == 1 && Verdict(first!, "") is { } alone)
                    return (alone, line);
                (first, previous, words) = (null, "", 0);
                continue;
            }

            words++;
            if (words == 1)
                (first, line) = (token, _line);
            else if (words == 2 && Verdict(first!, token) is { } found)
                return (found, line);
            if (first == "create" && ((token == "atomic" && previous == "begin") || (depth > 0 && token == "case")))
                depth++;
            else if (depth > 0 && token == "end")
                depth--;
            previous = token;
        }

        return words == 1 && Verdict(first!, "") is { } last ? (last, line) : null;
    }

    private static string? Verdict(string first, string second) => (first, second) switch
    {
        // Savepoints stay within the transaction.
        ("rollback", "to") => null,
        ("rollback" or "commit", "prepared") => $"{first} prepared",
        ("begin" or "commit" or "end" or "rollback" or "abort", _) => first,
        ("start" or "prepare", "transaction") => $"{first} {second}",
        _ => null,
    };

    /// <summary>The next word in lower case, or a single other character; what is quoted is one token.</summary>
    private string? NextToken()
    {
        while (_at < _sql.Length)
        {
            var letter = _sql[_at];
            if (char.IsWhiteSpace(letter))
                Skip(1);
            else if (Is("--"))
                SkipTo("\n");
            else if (Is("/*"))
                SkipComment();
            else
                return Token(letter);
        }

        return null;
    }

    private string Token(char letter)
    {
        switch (letter)
        {
            case '\'' or '"':
                SkipQuoted(letter, escapes: false);
                return "''";
            case '$' when DollarTag() is { } tag:
                Skip(tag.Length);
                SkipTo(tag);
                return "''";
        }

        if (!IsWord(letter))
        {
            Skip(1);
            return letter.ToString();
        }

        var from = _at;
        while (_at < _sql.Length && (IsWord(_sql[_at]) || _sql[_at] == '$'))
            _at++;
        var word = _sql[from.._at].ToLowerInvariant();
        if (word != "e" || _at >= _sql.Length || _sql[_at] != '\'')
            return word;
        SkipQuoted('\'', escapes: true);
        return "''";
    }

    private static bool IsWord(char letter) => char.IsLetterOrDigit(letter) || letter == '_' || letter >= 0x80;

    private bool Is(string part) => string.CompareOrdinal(_sql, _at, part, 0, part.Length) == 0;

    /// <summary><c>$$</c> or <c>$tag$</c> where it stands; null: a parameter such as <c>$1</c>, or a lone dollar.</summary>
    private string? DollarTag()
    {
        var end = _at + 1;
        while (end < _sql.Length && IsWord(_sql[end]))
            end++;
        return end < _sql.Length && _sql[end] == '$' && !char.IsAsciiDigit(_sql[_at + 1]) ? _sql[_at..(end + 1)] : null;
    }

    private void SkipQuoted(char quote, bool escapes)
    {
        // A doubled quote ends one text and begins the next, which comes to the same.
        for (Skip(1); _at < _sql.Length && _sql[_at] != quote;)
            Skip(escapes && _sql[_at] == '\\' ? 2 : 1);
        Skip(1);
        if (escapes && _at < _sql.Length && _sql[_at] == quote)
            SkipQuoted(quote, escapes);
    }

    private void SkipComment()
    {
        var depth = 0;
        do
        {
            var (begins, ends) = (Is("/*"), Is("*/"));
            depth += begins ? 1 : ends ? -1 : 0;
            Skip(begins || ends ? 2 : 1);
        }
        while (depth > 0 && _at < _sql.Length);
    }

    private void SkipTo(string end)
    {
        while (_at < _sql.Length && !Is(end))
            Skip(1);
        Skip(end.Length);
    }

    private void Skip(int count)
    {
        for (; count > 0 && _at < _sql.Length; count--, _at++)
        {
            if (_sql[_at] == '\n')
                _line++;
        }
    }
}
