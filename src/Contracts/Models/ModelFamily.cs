namespace Temper.Contracts.Models;

/// <summary>Which published architecture.</summary>
public enum ModelFamily
{
    /// <summary>T5 1.0: ReLU, embeddings tied to the output layer.</summary>
    V1_0,

    /// <summary>T5 1.1: gated GELU, untied output layer.</summary>
    V1_1,
}
