using System.Buffers.Binary;

namespace Temper.Mixture.Vocabularies.SentencePiece;

/// <summary>Reads one protocol-buffer message field by field: only what a SentencePiece model needs of the wire format.</summary>
internal ref struct ProtobufReader(ReadOnlySpan<byte> message)
{
    private ReadOnlySpan<byte> _rest = message;
    private WireType _wireType;

    private enum WireType
    {
        Varint = 0,
        Fixed64 = 1,
        Bytes = 2,
        Fixed32 = 5,
    }

    /// <summary>Moves to the next field; its value must then be read or skipped.</summary>
    public bool TryReadField(out int field)
    {
        field = 0;
        if (_rest.IsEmpty)
        {
            return false;
        }

        var tag = ReadVarint();
        field = (int)(tag >> 3);
        _wireType = (WireType)(tag & 7);
        return field > 0 ? true : throw new InvalidDataException("a field has number 0");
    }

    /// <summary>The value of a field that is a sub-message, a string or raw bytes.</summary>
    public ReadOnlySpan<byte> ReadBytes()
    {
        Expect(WireType.Bytes);
        return TakeBytes();
    }

    /// <summary>The value of an integer or enumeration field.</summary>
    public long ReadInteger()
    {
        Expect(WireType.Varint);
        return (long)ReadVarint();
    }

    /// <summary>The value of a boolean field.</summary>
    public bool ReadBoolean() => ReadInteger() != 0;

    /// <summary>The value of a <c>float</c> field.</summary>
    public float ReadSingle()
    {
        Expect(WireType.Fixed32);
        return BinaryPrimitives.ReadSingleLittleEndian(Take(sizeof(float)));
    }

    /// <summary>Passes over a field of any known wire type.</summary>
    public void Skip()
    {
        switch (_wireType)
        {
            case WireType.Varint: ReadVarint(); break;
            case WireType.Fixed64: Take(8); break;
            case WireType.Bytes: TakeBytes(); break;
            case WireType.Fixed32: Take(4); break;
            default: throw new InvalidDataException($"a field has the unknown wire type {(int)_wireType}");
        }
    }

    private readonly void Expect(WireType expected)
    {
        if (_wireType != expected)
        {
            throw new InvalidDataException($"a field has wire type {_wireType} where {expected} belongs");
        }
    }

    private ulong ReadVarint()
    {
        var value = 0UL;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var part = Take(1)[0];
            value |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80)
            {
                return value;
            }
        }

        throw new InvalidDataException("a number is longer than ten bytes");
    }

    private ReadOnlySpan<byte> TakeBytes()
    {
        var length = ReadVarint();
        return length <= int.MaxValue ? Take((int)length) : throw new InvalidDataException("a field is longer than 2 GiB");
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _rest.Length)
        {
            throw new InvalidDataException("it ends in the middle of a field");
        }

        var taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }
}
