using System.Buffers;

namespace Temper.Mixture.Vocabularies.SentencePiece;

/// <summary>A growing byte list on rented memory; dispose it once, in the method that made it.</summary>
internal ref struct ByteBuffer(int capacity)
{
    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(capacity);
    private int _count;

    /// <summary>What has been written so far.</summary>
    public readonly ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _count);

    /// <summary>Appends one byte.</summary>
    public void Add(byte value)
    {
        if (_count == _bytes.Length)
        {
            Grow(1);
        }

        _bytes[_count++] = value;
    }

    /// <summary>Appends several bytes.</summary>
    public void Add(scoped ReadOnlySpan<byte> values)
    {
        if (values.Length > _bytes.Length - _count)
        {
            Grow(values.Length);
        }

        values.CopyTo(_bytes.AsSpan(_count));
        _count += values.Length;
    }

    /// <summary>Takes <paramref name="suffix"/> off the end as often as it stands there.</summary>
    public void TrimEnd(ReadOnlySpan<byte> suffix)
    {
        while (Written.EndsWith(suffix))
        {
            _count -= suffix.Length;
        }
    }

    /// <summary>Returns the memory.</summary>
    public readonly void Dispose() => ArrayPool<byte>.Shared.Return(_bytes);

    private void Grow(int needed)
    {
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_bytes.Length * 2, _count + needed));
        Written.CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = larger;
    }
}
