namespace Temper.Mixture.Objectives;

/// <summary>
/// What corruption makes of a chunk of text: known from the number of its tokens, whichever of them are hidden. Inputs are the tokens that
/// stay and a sentinel for each span; targets are a sentinel and the hidden tokens for each span; both end with the end of sequence.
/// </summary>
/// <param name="Tokens">Tokens of the chunk.</param>
/// <param name="Noise">How many of them are hidden.</param>
/// <param name="Spans">How many spans they form.</param>
public readonly record struct SpanLengths(int Tokens, int Noise, int Spans)
{
    /// <summary>The fewest tokens that hold a span: one stays, one is hidden.</summary>
    public const int MinTokens = 2;

    /// <summary>Input tokens, end of sequence included.</summary>
    public int Inputs => Tokens - Noise + Spans + 1;

    /// <summary>Target tokens, end of sequence included.</summary>
    public int Targets => Noise + Spans + 1;

    /// <summary>Lengths for a chunk of <paramref name="tokens"/>: at least one span, and one token that stays before each.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The chunk is too short to hold a span.</exception>
    public static SpanLengths Of(int tokens, SpanCorruptionSpec spec)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(tokens, MinTokens);
        // T5 counts in single precision, ties to even: which way 0.15 · 30 goes depends on it.
        var noise = Math.Clamp((int)MathF.Round(tokens * (float)spec.NoiseDensity, MidpointRounding.ToEven), 1, tokens - 1);
        var spans = (int)MathF.Round(noise / (float)spec.MeanSpan, MidpointRounding.ToEven);
        return new SpanLengths(tokens, noise, Math.Clamp(spans, 1, Math.Min(noise, tokens - noise)));
    }

    /// <summary>
    /// Lengths for the longest chunk whose inputs have at most <paramref name="inputLength"/> tokens: with T5's settings, 568 tokens
    /// become 512 inputs and 114 targets.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Inputs this short have no room for a token, a sentinel and the end of sequence.</exception>
    public static SpanLengths Fitting(int inputLength, SpanCorruptionSpec spec)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(inputLength, MinTokens + 1);
        var tokens = Math.Max(MinTokens, Budget(inputLength, spec).Tokens);
        // The budget is counted in double precision, what is hidden in single: where they part, a token fewer fits.
        while (Of(tokens, spec).Inputs > inputLength)
        {
            tokens--;
        }

        return Of(tokens, spec);
    }

    /// <summary>T5's own sum, in double precision: how many tokens of text fill the inputs, and how many targets they give.</summary>
    internal static (int Tokens, int Targets) Budget(int inputLength, SpanCorruptionSpec spec)
    {
        var tokens = inputLength - 1;
        while (Count(tokens + 1).Inputs <= inputLength)
        {
            tokens++;
        }

        var (inputs, targets) = Count(tokens);
        // At one half T5 takes a token off rather than let targets be longer than inputs.
        return spec.NoiseDensity == 0.5 && targets > inputs ? (tokens - 1, targets - 1) : (tokens, targets);

        (int Inputs, int Targets) Count(int tokens)
        {
            var noise = (int)Math.Round(tokens * spec.NoiseDensity, MidpointRounding.ToEven);
            var spans = (int)Math.Round(noise / spec.MeanSpan, MidpointRounding.ToEven);
            return (tokens - noise + spans + 1, noise + spans + 1);
        }
    }
}
