using Temper.Mixture.Examples;
using Temper.Mixture.Vocabularies;

namespace Temper.Mixture.Batching;

/// <summary>
/// Text examples as ids: encoded once, cut to length − 1 and ended with the end-of-sequence id, as T5's pipeline does. Kept as one
/// array of ids and one of offsets, since a million small arrays would cost more than their contents.
/// </summary>
public sealed class TokenizedExamples : ITokenSource
{
    private readonly int[] _ids;
    private readonly int[] _offsets;

    private TokenizedExamples(string name, int[] ids, int[] offsets)
    {
        Name = name;
        _ids = ids;
        _offsets = offsets;
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public int Count => (_offsets.Length - 1) / 2;

    /// <summary>Encodes <paramref name="examples"/>.</summary>
    /// <param name="name">The task's name.</param>
    /// <param name="examples">The rows.</param>
    /// <param name="vocabulary">Text to ids.</param>
    /// <param name="inputLength">Most input tokens, end of sequence included.</param>
    /// <param name="targetLength">Most target tokens, end of sequence included.</param>
    public static TokenizedExamples Encode(string name, IReadOnlyList<TextExample> examples, IVocabulary vocabulary, int inputLength, int targetLength)
    {
        var ids = new List<int>(examples.Count * 32);
        var offsets = new int[(2 * examples.Count) + 1];
        for (var row = 0; row < examples.Count; row++)
        {
            Append(ids, vocabulary.Encode(examples[row].Inputs), inputLength);
            offsets[(2 * row) + 1] = ids.Count;
            Append(ids, vocabulary.Encode(examples[row].Targets), targetLength);
            offsets[(2 * row) + 2] = ids.Count;
        }

        return new TokenizedExamples(name, [.. ids], offsets);
    }

    /// <inheritdoc/>
    public (int Inputs, int Targets) Lengths(int index, long epoch) =>
        (_offsets[(2 * index) + 1] - _offsets[2 * index], _offsets[(2 * index) + 2] - _offsets[(2 * index) + 1]);

    /// <inheritdoc/>
    public TokenRow Row(int index, long epoch) => new(Slice(2 * index), Slice((2 * index) + 1));

    private ReadOnlyMemory<int> Slice(int part) => _ids.AsMemory(_offsets[part], _offsets[part + 1] - _offsets[part]);

    private static void Append(List<int> ids, int[] encoded, int length)
    {
        ids.AddRange(encoded.AsSpan(0, Math.Min(encoded.Length, length - 1)));
        ids.Add(SpecialIds.Eos);
    }
}
