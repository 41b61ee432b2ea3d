namespace Temper.Contracts.Models;

/// <summary>Model shapes by name: the published ones, and <c>tiny</c> and <c>mini</c>, made for processors.</summary>
public static class T5Sizes
{
    private const int SentencePieceVocabulary = 32128;
    private const int ByteVocabulary = 384;

    // d_model, d_kv, d_ff, heads, encoder and decoder layers.
    private static readonly Dictionary<string, (int D, int K, int F, int H, int E, int L)> s_shapes = new(StringComparer.Ordinal)
    {
        ["t5-tiny"] = (128, 32, 256, 4, 2, 2),
        ["t5-mini"] = (256, 32, 512, 8, 4, 4),
        ["t5-small"] = (512, 64, 2048, 8, 6, 6),
        ["t5-base"] = (768, 64, 3072, 12, 12, 12),
        ["t5-large"] = (1024, 64, 4096, 16, 24, 24),
        ["t5-3b"] = (1024, 128, 16384, 32, 24, 24),
        ["t5-11b"] = (1024, 128, 65536, 128, 24, 24),
        ["t5-1.1-tiny"] = (128, 32, 256, 4, 2, 2),
        ["t5-1.1-mini"] = (256, 32, 512, 8, 4, 4),
        ["t5-1.1-small"] = (512, 64, 1024, 6, 8, 8),
        ["t5-1.1-base"] = (768, 64, 2048, 12, 12, 12),
        ["t5-1.1-large"] = (1024, 64, 2816, 16, 24, 24),
        ["t5-1.1-xl"] = (2048, 64, 5120, 32, 24, 24),
        ["t5-1.1-xxl"] = (4096, 64, 10240, 64, 24, 24),
        ["byt5-tiny"] = (128, 32, 256, 4, 2, 2),
        ["byt5-mini"] = (256, 32, 512, 8, 4, 4),
        ["byt5-small"] = (1472, 64, 3584, 6, 12, 4),
        ["byt5-base"] = (1536, 64, 3968, 12, 18, 6),
        ["byt5-large"] = (1536, 64, 3840, 16, 36, 12),
        ["byt5-xl"] = (2560, 64, 6720, 32, 36, 12),
        ["byt5-xxl"] = (4672, 64, 12352, 64, 36, 12),
    };

    /// <summary>All names that <see cref="Get"/> knows, and <c>tiny</c> and <c>mini</c>, which take their family from its argument.</summary>
    public static IReadOnlyCollection<string> Names { get; } = [.. s_shapes.Keys, "tiny", "mini"];

    /// <summary>
    /// The shape of that name, such as <c>t5-small</c>, <c>t5-1.1-base</c>, <c>byt5-small</c>, <c>tiny</c>, with the published
    /// vocabulary size: replace it with <c>with { VocabularySize = … }</c> for another vocabulary.
    /// </summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="family">What <c>tiny</c> and <c>mini</c> alone mean; other names carry their family.</param>
    /// <exception cref="ArgumentException">No shape of that name; the message lists them.</exception>
    public static T5Config Get(string name, ModelFamily family = ModelFamily.V1_1)
    {
        var full = name is "tiny" or "mini" ? $"{Prefix(family)}-{name}" : name;
        if (!s_shapes.TryGetValue(full, out var s))
        {
            throw new ArgumentException($"No model size '{name}'. Known sizes: {string.Join(", ", Names)}.", nameof(name));
        }

        var bytes = full.StartsWith("byt5", StringComparison.Ordinal);
        var original = !bytes && !full.StartsWith("t5-1.1", StringComparison.Ordinal);
        return new T5Config(bytes ? ByteVocabulary : SentencePieceVocabulary, s.D, s.K, s.F, s.H, s.E, s.L, Gated: !original, Tied: original);
    }

    private static string Prefix(ModelFamily family) => family == ModelFamily.V1_0 ? "t5" : "t5-1.1";
}
