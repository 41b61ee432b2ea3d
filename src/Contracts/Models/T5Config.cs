
namespace Temper.Contracts.Models;

/// <summary>The shape of a T5 encoder-decoder (Raffel et al. 2020, arXiv:1910.10683); all that its computation depends on besides the weights.</summary>
/// <param name="VocabularySize">Rows of the embedding table; at least the number of ids of the vocabulary, see <see cref="PaddedVocabulary"/>.</param>
/// <param name="ModelSize">d_model, the width of the residual stream.</param>
/// <param name="HeadSize">d_kv, the width of one attention head.</param>
/// <param name="HiddenSize">d_ff, the width inside the feed-forward layer.</param>
/// <param name="Heads">Attention heads.</param>
/// <param name="EncoderLayers">Blocks of the encoder.</param>
/// <param name="DecoderLayers">Blocks of the decoder.</param>
/// <param name="Gated">True: gated GELU (v1.1, Shazeer 2020, arXiv:2002.05202). False: ReLU (v1.0).</param>
/// <param name="Tied">True: the embedding is also the output matrix (v1.0).</param>
/// <param name="Dropout">Share of activations dropped in training.</param>
/// <param name="Buckets">Buckets of relative positions.</param>
/// <param name="MaxDistance">Distance from which on all positions share a bucket.</param>
/// <param name="NormEpsilon">Added to the mean square in the norms.</param>
/// <param name="ScaledOutput">Whether the decoder's output is scaled by d_model^-1/2 before the output matrix; as <paramref name="Tied"/> if null, as in all published models.</param>
public sealed record T5Config(
    int VocabularySize,
    int ModelSize,
    int HeadSize,
    int HiddenSize,
    int Heads,
    int EncoderLayers,
    int DecoderLayers,
    bool Gated,
    bool Tied,
    double Dropout = 0.1,
    int Buckets = 32,
    int MaxDistance = 128,
    double NormEpsilon = 1e-6,
    bool? ScaledOutput = null)
{
    /// <summary>Whether the decoder's output is scaled by d_model^-1/2 before the output matrix.</summary>
    public bool ScalesOutput => ScaledOutput ?? Tied;

    /// <summary>The published tables' rounding of the vocabulary: whole multiples fill the matrix units of accelerators.</summary>
    public const int VocabularyMultiple = 128;

    /// <summary><paramref name="ids"/> rounded up to a multiple of <paramref name="multiple"/>; padding ids take part in the softmax.</summary>
    public static int PaddedVocabulary(int ids, int multiple = VocabularyMultiple) => checked((ids + multiple - 1) / multiple * multiple);

    /// <summary>What is wrong with this shape, each with the remedy; empty if nothing is.</summary>
    public IReadOnlyList<string> Problems()
    {
        var problems = new List<string>();
        foreach (var (name, value) in new (string, int)[]
        {
            ("vocab_size", VocabularySize), ("d_model", ModelSize), ("d_kv", HeadSize), ("d_ff", HiddenSize),
            ("num_heads", Heads), ("num_layers", EncoderLayers), ("num_decoder_layers", DecoderLayers),
        })
        {
            if (value < 1)
            {
                problems.Add($"{name} is {value}; it must be at least 1.");
            }
        }

        if (Buckets < 4 || Buckets % 4 != 0)
        {
            problems.Add($"relative_attention_num_buckets is {Buckets}; it must be a positive multiple of 4.");
        }

        if (MaxDistance <= Buckets / 2)
        {
            problems.Add($"relative_attention_max_distance is {MaxDistance}; it must exceed half of the {Buckets} buckets.");
        }

        if (Dropout is not (>= 0 and < 1))
        {
            problems.Add($"dropout_rate is {Dropout}; it must be at least 0 and below 1.");
        }

        if (NormEpsilon is not (>= 0 and < 1))
        {
            problems.Add($"layer_norm_epsilon is {NormEpsilon}; it must be at least 0 and below 1.");
        }

        return problems;
    }
}
