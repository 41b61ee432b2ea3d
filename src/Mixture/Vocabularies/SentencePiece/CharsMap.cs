using System.Buffers.Binary;

namespace Temper.Mixture.Vocabularies.SentencePiece;

/// <summary>
/// The rewriting rules of a model (<c>precompiled_charsmap</c>): byte sequences and what each becomes. The file holds them
/// as a double-array trie whose leaves point into a list of NUL-terminated replacements.
/// </summary>
internal sealed class CharsMap
{
    private readonly uint[] _units;
    private readonly byte[] _replacements;

    /// <summary>True for the ASCII characters that a rule rewrites on its own, or together with a following ASCII character.</summary>
    private readonly bool[] _asciiRules = new bool[128];

    private CharsMap(uint[] units, byte[] replacements)
    {
        _units = units;
        _replacements = replacements;
        for (var first = 0; first < _asciiRules.Length; first++)
        {
            _asciiRules[first] = HasAsciiRule((byte)first);
        }
    }

    /// <summary>The rules in <paramref name="blob"/>: the trie's size, the trie, the replacements. An empty one has no rules.</summary>
    public static CharsMap Parse(ReadOnlySpan<byte> blob)
    {
        if (blob.IsEmpty)
        {
            return new([], []);
        }

        var size = blob.Length > sizeof(uint) ? BinaryPrimitives.ReadUInt32LittleEndian(blob) : uint.MaxValue;
        if (size > blob.Length - sizeof(uint))
        {
            throw new InvalidDataException("its normalisation rules are cut short");
        }

        var trie = blob.Slice(sizeof(uint), (int)size);
        var units = new uint[trie.Length / sizeof(uint)];
        for (var i = 0; i < units.Length; i++)
        {
            units[i] = BinaryPrimitives.ReadUInt32LittleEndian(trie[(i * sizeof(uint))..]);
        }

        return new(units, blob[(sizeof(uint) + trie.Length)..].ToArray());
    }

    /// <summary>Whether a rule may begin with this ASCII character when the next character is ASCII too: rarely so, in ordinary text.</summary>
    public bool MayRewriteAscii(byte first) => _asciiRules[first];

    /// <summary>The longest rule that <paramref name="text"/> begins with: its length and its replacement (which may be empty).</summary>
    public bool TryMatch(ReadOnlySpan<byte> text, out int length, out ReadOnlySpan<byte> replacement)
    {
        length = 0;
        var target = 0u;
        var node = 0u;
        for (var i = 0; i < text.Length && TryDescend(ref node, text[i], out var isRule); i++)
        {
            if (isRule)
            {
                length = i + 1;
                target = ValueBelow(node);
            }
        }

        replacement = length > 0 ? ReplacementAt(target) : [];
        return length > 0;
    }

    /// <summary>
    /// Follows one byte. Children of a node lie at its position XOR its offset XOR their label; a unit packs the label
    /// (low byte, top bit clear), whether a leaf hangs below (bit 8), and the offset (upper bits, scaled where bit 9 says so).
    /// </summary>
    private bool TryDescend(ref uint node, byte label, out bool isRule)
    {
        isRule = false;
        if (node >= _units.Length)
        {
            return false;
        }

        var child = node ^ Offset(_units[node]) ^ label;
        if (child >= _units.Length || (_units[child] & 0x8000_00FF) != label)
        {
            return false;
        }

        node = child;
        isRule = (_units[child] & 0x100) != 0;
        return true;
    }

    private uint ValueBelow(uint node)
    {
        var leaf = node ^ Offset(_units[node]);
        return leaf < _units.Length ? _units[leaf] & 0x7FFF_FFFF : uint.MaxValue;
    }

    private ReadOnlySpan<byte> ReplacementAt(uint start)
    {
        if (start >= _replacements.Length)
        {
            return [];
        }

        var rest = _replacements.AsSpan((int)start);
        var end = rest.IndexOf((byte)0);
        return end < 0 ? rest : rest[..end];
    }

    private bool HasAsciiRule(byte first)
    {
        var node = 0u;
        if (!TryDescend(ref node, first, out var isRule))
        {
            return false;
        }

        return isRule || Enumerable.Range(0, 128).Any(second => { var next = node; return TryDescend(ref next, (byte)second, out _); });
    }

    private static uint Offset(uint unit) => (unit >> 10) << (int)((unit & 0x200) >> 6);
}
