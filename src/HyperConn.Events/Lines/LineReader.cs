namespace HyperConn.Events;

/// <summary>A line of bytes.</summary>
/// <param name="Bytes">Without its end; of one that is too long, nothing.</param>
/// <param name="Start">Offset of its first byte.</param>
/// <param name="End">Offset behind its end.</param>
/// <param name="Number">Number of the line, from 1.</param>
/// <param name="IsTooLong">Whether it was longer than allowed.</param>
internal readonly record struct Line(ReadOnlyMemory<byte> Bytes, long Start, long End, long Number, bool IsTooLong);

/// <summary>Cuts a stream into lines, in bounded memory: one that is too long is passed over, and said to be.</summary>
/// <param name="stream">The stream.</param>
/// <param name="longest">Longest line, in bytes.</param>
/// <param name="offset">Offset of the stream's first byte to be read.</param>
/// <param name="number">Lines before it.</param>
internal sealed class LineReader(Stream stream, int longest, long offset = 0, long number = 0)
{
    private const int FirstBuffer = 32 << 10;

    private byte[] _buffer = new byte[Math.Min(FirstBuffer, longest + 2)];
    private int _from;
    private int _to;
    private bool _isEnd;
    private long _skipped;

    /// <summary>Takes the next line from what has been read; <see cref="FillAsync"/> reads more.</summary>
    /// <param name="line">The line. Its bytes are valid until the next call of <see cref="FillAsync"/>.</param>
    /// <returns>False: there is no whole line.</returns>
    public bool TryTake(out Line line)
    {
        line = default;
        var rest = _buffer.AsMemory(_from, _to - _from);
        var end = rest.Span.IndexOf((byte)'\n');
        if (end < 0 && !(_isEnd && (rest.Length > 0 || _skipped > 0)))
            return false;
        var bytes = end < 0 ? rest : rest[..end];
        var length = end < 0 ? rest.Length : end + 1;
        var tooLong = _skipped > 0 || bytes.Length > longest;
        var start = offset - _skipped;
        offset += length;
        _from += length;
        number++;
        line = new Line(tooLong ? default : Trimmed(bytes, start), start, offset, number, tooLong);
        _skipped = 0;
        return true;
    }

    /// <summary>Reads more.</summary>
    /// <returns>False: there is no more.</returns>
    public async ValueTask<bool> FillAsync(CancellationToken cancellationToken)
    {
        if (_isEnd)
            return false;
        if (_from > 0)
        {
            _buffer.AsSpan(_from, _to - _from).CopyTo(_buffer);
            (_from, _to) = (0, _to - _from);
        }

        if (_to == _buffer.Length)
        {
            if (_to > longest)
            {
                // Its end is still to come; its beginning is of no use.
                _skipped += _to;
                offset += _to;
                _to = 0;
            }
            else
            {
                Array.Resize(ref _buffer, (int)Math.Min((long)_buffer.Length * 2, (long)longest + 2));
            }
        }

        var read = await stream.ReadAsync(_buffer.AsMemory(_to), cancellationToken).ConfigureAwait(false);
        _to += read;
        if (read == 0)
        {
            _isEnd = true;
            return _to > _from || _skipped > 0;
        }

        return true;
    }

    private static ReadOnlyMemory<byte> Trimmed(ReadOnlyMemory<byte> bytes, long start)
    {
        // A mark of byte order at a file's start, as some editors write it.
        if (start == 0 && bytes.Span.StartsWith((ReadOnlySpan<byte>)[0xef, 0xbb, 0xbf]))
            bytes = bytes[3..];
        return bytes.Length > 0 && bytes.Span[^1] == (byte)'\r' ? bytes[..^1] : bytes;
    }
}
