using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace HyperConn.TypeCatalogues;

/// <summary>SHA-256 of rows of text. Nobody can make two that differ look the same, not even who may create types in a database.</summary>
internal readonly record struct Digest(ulong A, ulong B, ulong C, ulong D);

/// <summary>Adds up the digest of rows of text.</summary>
internal sealed class DigestBuilder : IDisposable
{
    // Marks that no text can be taken for: a text begins with its length.
    private const int Null = -1;
    private const int RowEnd = -2;
    private const int ResultEnd = -3;

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <summary>Adds a value.</summary>
    public void Add(string? text)
    {
        if (text is null)
        {
            Mark(Null);
            return;
        }

        var bytes = Encoding.UTF8.GetBytes(text);
        Mark(bytes.Length);
        _hash.AppendData(bytes);
    }

    /// <summary>Ends a row.</summary>
    public void EndRow() => Mark(RowEnd);

    /// <summary>Ends the rows of one question.</summary>
    public void EndResult() => Mark(ResultEnd);

    /// <summary>The digest so far.</summary>
    public Digest Finish()
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        _hash.GetHashAndReset(hash);
        return new Digest(Word(hash, 0), Word(hash, 1), Word(hash, 2), Word(hash, 3));
    }

    public void Dispose() => _hash.Dispose();

    private static ulong Word(ReadOnlySpan<byte> hash, int index) => BinaryPrimitives.ReadUInt64BigEndian(hash[(index * sizeof(ulong))..]);

    private void Mark(int mark)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(bytes, mark);
        _hash.AppendData(bytes);
    }
}
