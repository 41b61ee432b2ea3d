namespace Temper.Mixture.Vocabularies;

/// <summary>
/// Maps text to token ids and back. Id 0 pads (and starts the decoder), id 1 ends a sequence, id 2 is unknown, as in T5.
/// Instances are immutable and safe for concurrent use.
/// </summary>
public interface IVocabulary
{
    /// <summary>Number of ids, sentinels included; every id that <see cref="Encode"/> returns is below it.</summary>
    int Size { get; }

    /// <summary>Number of sentinels (T5 calls them extra ids): 100 for T5's own vocabulary.</summary>
    int SentinelCount { get; }

    /// <summary>The most sentinels that it can have, however many are asked for.</summary>
    int MaxSentinels => int.MaxValue;

    /// <summary>SHA-256 (lower-case hex) of everything that decides the ids: two vocabularies with the same hash are interchangeable.</summary>
    string ContentHash { get; }

    /// <summary>The id of sentinel <paramref name="index"/> (<c>&lt;extra_id_index&gt;</c>): they count down from the top id.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The index is not in 0 … <see cref="SentinelCount"/> − 1.</exception>
    int Sentinel(int index);

    /// <summary>The ids of <paramref name="text"/>, without an end-of-sequence id.</summary>
    int[] Encode(string text);

    /// <summary>The text of <paramref name="ids"/> up to the first end-of-sequence id. Never throws for ids that a model could predict.</summary>
    string Decode(ReadOnlySpan<int> ids);
}

/// <summary>The three ids that every vocabulary shares.</summary>
public static class SpecialIds
{
    /// <summary>Padding; also what the decoder starts from.</summary>
    public const int Pad = 0;

    /// <summary>End of sequence.</summary>
    public const int Eos = 1;

    /// <summary>Unknown.</summary>
    public const int Unknown = 2;
}
