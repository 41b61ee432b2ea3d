using Temper.Mixture.Examples;
using Temper.Mixture.Tasks;
using Temper.Mixture.Vocabularies;

namespace Temper.Mixture.Batching;

/// <summary>The documents of a text as ids, in one array, and where each begins in it. A document without tokens is none.</summary>
internal sealed class TokenizedDocuments
{
    private readonly int[] _tokens;

    // Where each document begins, and the end of the last.
    private readonly int[] _starts;

    private TokenizedDocuments(int[] tokens, int[] starts)
    {
        _tokens = tokens;
        _starts = starts;
    }

    /// <summary>Number of documents.</summary>
    public int Count => _starts.Length - 1;

    /// <summary>Tokens of all of them.</summary>
    public int TokenCount => _tokens.Length;

    /// <summary>The tokens of a document.</summary>
    public ReadOnlySpan<int> this[int document] => _tokens.AsSpan(_starts[document], _starts[document + 1] - _starts[document]);

    /// <summary>
    /// Encodes documents, line by line. Each line ends with a line feed where the vocabulary has one: bytes do, and T5's own pieces mark the beginnings of
    /// words instead. What reads like a sentinel becomes unknown, since it would be taken for a hidden span.
    /// </summary>
    public static TokenizedDocuments Encode(IReadOnlyList<TextExample> documents, IVocabulary vocabulary)
    {
        var lineEnd = vocabulary.Encode("\n");
        if (lineEnd.Contains(SpecialIds.Unknown))
        {
            lineEnd = [];
        }

        var firstSentinel = vocabulary.Size - vocabulary.SentinelCount;
        var tokens = new List<int>();
        var starts = new List<int> { 0 };
        foreach (var document in documents)
        {
            foreach (var line in document.Inputs.Split('\n'))
            {
                tokens.AddRange(Array.ConvertAll(vocabulary.Encode(line), id => id < firstSentinel ? id : SpecialIds.Unknown));
                tokens.AddRange(lineEnd);
            }

            if (tokens.Count > starts[^1])
            {
                starts.Add(tokens.Count);
            }
        }

        return new TokenizedDocuments([.. tokens], [.. starts]);
    }

    /// <summary>
    /// The first documents of a fixed order that is the same for every run, as many as have <paramref name="tokens"/> tokens; the last of them is cut. A smaller part
    /// is a part of a larger one.
    /// </summary>
    public TokenizedDocuments Part(long tokens)
    {
        if (tokens >= TokenCount)
        {
            return this;
        }

        var taken = new List<int>((int)tokens);
        var starts = new List<int> { 0 };
        foreach (var document in MaxExamples.Order(Count).TakeWhile(_ => taken.Count < tokens))
        {
            taken.AddRange(this[document][..(int)Math.Min(this[document].Length, tokens - taken.Count)]);
            starts.Add(taken.Count);
        }

        return new TokenizedDocuments([.. taken], [.. starts]);
    }
}
