using Temper.Mixture.Examples;
using Temper.Mixture.Vocabularies;

namespace Temper.Mixture.Objectives;

/// <summary>
/// T5's pre-training objective (Raffel et al. 2020, section 3.1.4): spans of a text are hidden, and the model writes them down.
/// <c>a b c d e</c> with <c>b c</c> hidden gives the inputs <c>a s0 d e</c> and the targets <c>s0 b c</c>. Sentinels count down from the top id
/// of the vocabulary; targets have none after the last span.
/// </summary>
public static class SpanCorruption
{
    /// <summary>Corrupts a chunk of text; the same arguments always give the same row.</summary>
    /// <param name="tokens">The chunk, at least <see cref="SpanLengths.MinTokens"/> and with no more spans than the vocabulary has sentinels.</param>
    /// <param name="spec">How much is hidden.</param>
    /// <param name="vocabulary">Whose sentinels stand for the spans.</param>
    /// <param name="seed">Decides what is hidden.</param>
    public static TokenRow Corrupt(ReadOnlySpan<int> tokens, SpanCorruptionSpec spec, IVocabulary vocabulary, ulong seed)
    {
        var mask = Mask(SpanLengths.Of(tokens.Length, spec), seed);
        return new TokenRow(Replace(tokens, mask, hidden: true, vocabulary), Replace(tokens, mask, hidden: false, vocabulary));
    }

    /// <summary>
    /// Which tokens are hidden. Spans that stay and spans that are hidden take turns; the first stays and the last is hidden. The lengths of both
    /// kinds are drawn independently, every way to cut their tokens into that many parts being equally likely.
    /// </summary>
    public static bool[] Mask(SpanLengths lengths, ulong seed)
    {
        var random = new SplitMix64(seed);
        var (staying, hidden) = (Parts(lengths.Tokens - lengths.Noise, lengths.Spans, random), Parts(lengths.Noise, lengths.Spans, random));
        var mask = new bool[lengths.Tokens];
        var at = 0;
        for (var span = 0; span < lengths.Spans; span++)
        {
            at += staying[span];
            mask.AsSpan(at, hidden[span]).Fill(true);
            at += hidden[span];
        }

        return mask;
    }

    /// <summary>The tokens with a sentinel in the place of each span that the mask marks as <paramref name="hidden"/>, and the end of sequence.</summary>
    /// <param name="tokens">The tokens.</param>
    /// <param name="mask">Which of them are hidden.</param>
    /// <param name="hidden">True for inputs; false for targets, which lack the spans that stay.</param>
    /// <param name="vocabulary">Whose sentinels stand for the spans.</param>
    public static int[] Replace(ReadOnlySpan<int> tokens, ReadOnlySpan<bool> mask, bool hidden, IVocabulary vocabulary)
    {
        var result = new List<int>(tokens.Length + 1);
        var spans = 0;
        for (var i = 0; i < tokens.Length; i++)
        {
            if (mask[i] != hidden)
            {
                result.Add(tokens[i]);
            }
            else if (i == 0 || mask[i - 1] != hidden)
            {
                result.Add(vocabulary.Sentinel(spans++));
            }
        }

        return [.. result, SpecialIds.Eos];
    }

    // Selection sampling (Knuth, volume 2, algorithm 3.4.2S): each place between two items is a cut with the probability that cuts and
    // places left make, so that every set of places is equally likely.
    private static int[] Parts(int items, int count, SplitMix64 random)
    {
        var parts = new int[count];
        var part = 0;
        for (var item = 0; item < items; item++)
        {
            if (item > 0 && random.Below(items - item) < count - 1 - part)
            {
                part++;
            }

            parts[part]++;
        }

        return parts;
    }
}
