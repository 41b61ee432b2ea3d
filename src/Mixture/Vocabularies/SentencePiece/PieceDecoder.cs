using System.Text;

namespace Temper.Mixture.Vocabularies.SentencePiece;

/// <summary>Joins pieces into text, as the reference does: control pieces vanish, bytes join into characters, leading space goes.</summary>
internal sealed class PieceDecoder(ModelProto model, int unknownId, int[]? byteIds)
{
    private readonly Dictionary<int, byte> _bytes =
        (byteIds ?? []).Select((id, value) => (id, (byte)value)).ToDictionary();

    // Without a prefix to take away and without clean-up, a leading space was in the text.
    private readonly bool _dropsLeadingSpace = model.Normalizer is { AddDummyPrefix: true } or { RemoveExtraWhitespaces: true };

    /// <summary>The text of <paramref name="ids"/>; ids that the model does not have count as unknown.</summary>
    public string Decode(ReadOnlySpan<int> ids)
    {
        var text = new StringBuilder();
        var bytes = new List<byte>();
        var mayDropSpace = _dropsLeadingSpace;
        foreach (var id in ids)
        {
            if (_bytes.TryGetValue(id, out var value))
            {
                bytes.Add(value);
                continue;
            }

            FlushBytes(bytes, text);
            mayDropSpace = mayDropSpace && text.Length == 0;
            var dropped = AppendPiece(id, mayDropSpace, text);

            // Clean-up left no space in front, so every leading one is dropped; otherwise only the prefix that was added.
            mayDropSpace = mayDropSpace && (!dropped || model.Normalizer.RemoveExtraWhitespaces);
        }

        FlushBytes(bytes, text);
        return text.ToString();
    }

    private bool AppendPiece(int id, bool mayDropSpace, StringBuilder text)
    {
        var piece = id >= 0 && id < model.Pieces.Count ? model.Pieces[id] : model.Pieces[unknownId];
        if (piece.Type is PieceType.Control or PieceType.Unknown)
        {
            text.Append(piece.Type == PieceType.Unknown ? model.UnknownSurface : "");
            return false;
        }

        var drop = mayDropSpace && piece.Text.StartsWith(Utf8Chars.SpaceSymbol);
        var start = text.Length;
        text.Append(piece.Text, drop ? 1 : 0, piece.Text.Length - (drop ? 1 : 0));
        text.Replace(Utf8Chars.SpaceSymbol, ' ', start, text.Length - start);
        return drop;
    }

    /// <summary>Appends the characters that the bytes spell; U+FFFD for each byte that belongs to none.</summary>
    private static void FlushBytes(List<byte> bytes, StringBuilder text)
    {
        var rest = (ReadOnlySpan<byte>)bytes.ToArray();
        while (!rest.IsEmpty)
        {
            var isCharacter = Rune.DecodeFromUtf8(rest, out var rune, out var length) == System.Buffers.OperationStatus.Done;
            text.Append(rune);
            rest = rest[(isCharacter ? length : 1)..];
        }

        bytes.Clear();
    }
}
