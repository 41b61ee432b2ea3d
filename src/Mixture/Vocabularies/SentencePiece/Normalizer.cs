namespace Temper.Mixture.Vocabularies.SentencePiece;

/// <summary>
/// Cleans text before it is segmented: the model's rewriting rules, runs of spaces made one, a space put in front, spaces
/// made visible. User-defined pieces pass through untouched.
/// </summary>
internal sealed class Normalizer(NormalizerSpec spec, bool whitespaceIsSuffix, PieceTrie? userDefined)
{
    private readonly CharsMap _rules = CharsMap.Parse(spec.CharsMap);

    private ReadOnlySpan<byte> Space => spec.EscapeWhitespaces ? Utf8Chars.SpaceSymbolBytes : " "u8;

    /// <summary>Appends the normalised form of <paramref name="text"/>, which is valid UTF-8.</summary>
    public void Normalize(ReadOnlySpan<byte> text, ref ByteBuffer output)
    {
        var rest = spec.RemoveExtraWhitespaces ? WithoutLeadingSpaces(text) : text;
        if (rest.IsEmpty)
        {
            return;
        }

        if (spec.AddDummyPrefix && !whitespaceIsSuffix)
        {
            output.Add(Space);
        }

        AppendCharacters(rest, ref output);

        // This also takes away the prefix, where nothing followed it, and U+2581 that stood in the text: so does the reference.
        if (spec.RemoveExtraWhitespaces)
        {
            output.TrimEnd(Space);
        }

        if (spec.AddDummyPrefix && whitespaceIsSuffix)
        {
            output.Add(Space);
        }
    }

    private ReadOnlySpan<byte> WithoutLeadingSpaces(ReadOnlySpan<byte> text)
    {
        while (!text.IsEmpty && NormalizePrefix(text, out var consumed) is [(byte)' '])
        {
            text = text[consumed..];
        }

        return text;
    }

    private void AppendCharacters(ReadOnlySpan<byte> text, ref ByteBuffer output)
    {
        var afterSpace = spec.RemoveExtraWhitespaces;
        for (var at = 0; at < text.Length;)
        {
            if (IsPlainAscii(text, at))
            {
                output.Add(text[at++]);
                afterSpace = false;
                continue;
            }

            var characters = NormalizePrefix(text[at..], out var consumed);
            at += consumed;
            if (afterSpace)
            {
                characters = characters.TrimStart((byte)' ');
            }

            if (!characters.IsEmpty)
            {
                AppendEscaped(characters, ref output);
                afterSpace = spec.RemoveExtraWhitespaces && characters[^1] == ' ';
            }
        }
    }

    /// <summary>The common case, decided by two bytes: a character that nothing rewrites, and no accent behind it to join with.</summary>
    private bool IsPlainAscii(ReadOnlySpan<byte> text, int at)
    {
        var first = text[at];
        return first is > (byte)' ' and < 0x80
            && (at + 1 == text.Length || text[at + 1] < 0x80)
            && !_rules.MayRewriteAscii(first)
            && userDefined?.HasPieceStartingWith(first) != true;
    }

    /// <summary>What the beginning of <paramref name="text"/> becomes, and how many bytes that covers.</summary>
    private ReadOnlySpan<byte> NormalizePrefix(ReadOnlySpan<byte> text, out int consumed)
    {
        consumed = userDefined?.LongestPrefix(text) ?? 0;
        if (consumed > 0)
        {
            return text[..consumed];
        }

        if (_rules.TryMatch(text, out consumed, out var replacement))
        {
            return replacement;
        }

        consumed = Math.Min(Utf8Chars.Length(text[0]), text.Length);
        return text[..consumed];
    }

    private void AppendEscaped(ReadOnlySpan<byte> characters, ref ByteBuffer output)
    {
        foreach (var value in characters)
        {
            if (value == ' ')
            {
                output.Add(Space);
            }
            else
            {
                output.Add(value);
            }
        }
    }
}
