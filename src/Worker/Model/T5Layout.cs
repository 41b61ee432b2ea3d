using Temper.Contracts.Models;

namespace Temper.Worker.Model;

/// <summary>The names and shapes of T5's parameters, Hugging Face's, in the groups that products use together.</summary>
internal static class T5Layout
{
    public const string Shared = "shared.weight";
    public const string Head = "lm_head.weight";

    /// <summary>Where the bias table of a stack is: in its first block, shared by all.</summary>
    public static string BiasTable(string stack) => $"{stack}.block.0.layer.0.SelfAttention.relative_attention_bias.weight";

    public static string FinalNorm(string stack) => $"{stack}.final_layer_norm.weight";

    public static string Norm(string block, int layer) => $"{block}.layer.{layer}.layer_norm.weight";

    public static string SelfAttention(string block, string matrix) => $"{block}.layer.0.SelfAttention.{matrix}.weight";

    public static string CrossAttention(string block, string matrix) => $"{block}.layer.1.EncDecAttention.{matrix}.weight";

    public static string FeedForward(string block, int layer, string matrix) => $"{block}.layer.{layer}.DenseReluDense.{matrix}.weight";

    public static IEnumerable<string> Blocks(string stack, int layers) => Enumerable.Range(0, layers).Select(i => $"{stack}.block.{i}");

    /// <summary>All groups, and how many of them are matrices; the first is the embedding table.</summary>
    public static (List<(string Name, long[] Shape)[]> Groups, int Matrices) Groups(T5Config config)
    {
        var (d, f, inner) = (config.ModelSize, config.HiddenSize, config.Heads * config.HeadSize);
        long[] into = [inner, d], back = [d, inner], wide = [f, d], narrow = [d, f], table = [config.VocabularySize, d], scale = [d];
        var matrices = new List<(string, long[])[]> { new[] { (Shared, table) } };
        var vectors = new List<(string, long[])[]>();
        if (!config.Tied)
        {
            matrices.Add([(Head, table)]);
        }

        foreach (var (stack, layers) in new[] { ("encoder", config.EncoderLayers), ("decoder", config.DecoderLayers) })
        {
            var decoder = stack == "decoder";
            foreach (var block in Blocks(stack, layers))
            {
                matrices.Add([(SelfAttention(block, "q"), into), (SelfAttention(block, "k"), into), (SelfAttention(block, "v"), into)]);
                matrices.Add([(SelfAttention(block, "o"), back)]);
                vectors.Add([(Norm(block, 0), scale)]);
                if (decoder)
                {
                    matrices.Add([(CrossAttention(block, "q"), into)]);
                    matrices.Add([(CrossAttention(block, "k"), into), (CrossAttention(block, "v"), into)]);
                    matrices.Add([(CrossAttention(block, "o"), back)]);
                    vectors.Add([(Norm(block, 1), scale)]);
                }

                var last = decoder ? 2 : 1;
                matrices.Add(config.Gated
                    ? [(FeedForward(block, last, "wi_0"), wide), (FeedForward(block, last, "wi_1"), wide)]
                    : [(FeedForward(block, last, "wi"), wide)]);
                matrices.Add([(FeedForward(block, last, "wo"), narrow)]);
                vectors.Add([(Norm(block, last), scale)]);
            }

            vectors.Add([(FinalNorm(stack), scale)]);
            vectors.Add([(BiasTable(stack), [config.Buckets, config.Heads])]);
        }

        return ([.. matrices, .. vectors], matrices.Count);
    }
}
