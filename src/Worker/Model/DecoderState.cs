using static TorchSharp.torch;

namespace Temper.Worker.Model;

/// <summary>
/// What decoding remembers between positions: each layer's self-attention keys (fp32) and values, [B, H, t, K], those of the encoder's output,
/// [B, H, S, K], the mask of padding, [B, 1, 1, S], and the position biases of the next positions. Owns its tensors, whatever dispose scope they were made in.
/// </summary>
internal sealed class DecoderState : IDisposable
{
    private const int FirstBiases = 64;

    private readonly Tensor?[] _selfKeys, _selfValues;
    private readonly Tensor[] _crossKeys, _crossValues;
    private Tensor? _bias_HL;

    public DecoderState(IReadOnlyList<(Tensor K, Tensor V)> cross, Tensor? mask_B11S)
    {
        (_selfKeys, _selfValues) = (new Tensor?[cross.Count], new Tensor?[cross.Count]);
        _crossKeys = [.. cross.Select(layer => layer.K.DetachFromDisposeScope())];
        _crossValues = [.. cross.Select(layer => layer.V.DetachFromDisposeScope())];
        Mask_B11S = mask_B11S?.DetachFromDisposeScope();
    }

    /// <summary>Positions decoded so far.</summary>
    public int Position { get; set; }

    public Tensor? Mask_B11S { get; private set; }

    /// <summary>The position biases of this position to itself and those before, [H, 1, t + 1], which are those of a later position at its end.</summary>
    /// <param name="lastRow">Makes the biases [H, L] of the last position of L.</param>
    public Tensor Bias(Func<int, Tensor> lastRow)
    {
        if (_bias_HL is null || _bias_HL.shape[1] <= Position)
        {
            Replace(ref _bias_HL, lastRow(Math.Max(FirstBiases, 2 * Position)));
        }

        return _bias_HL!.narrow(1, _bias_HL.shape[1] - Position - 1, Position + 1).unsqueeze(1);
    }

    public (Tensor K_BHSK, Tensor V_BHSK) Cross(int layer) => (_crossKeys[layer], _crossValues[layer]);

    /// <summary>Adds this position's key and value, [B, H, 1, K], and returns all so far.</summary>
    public (Tensor K_BHTK, Tensor V_BHTK) Append(int layer, Tensor k_BH1K, Tensor v_BH1K)
    {
        Replace(ref _selfKeys[layer], _selfKeys[layer] is { } keys ? cat([keys, k_BH1K], 2) : k_BH1K.alias());
        Replace(ref _selfValues[layer], _selfValues[layer] is { } values ? cat([values, v_BH1K], 2) : v_BH1K.alias());
        return (_selfKeys[layer]!, _selfValues[layer]!);
    }

    /// <summary>Keeps only these rows, in this order; a row may be repeated.</summary>
    public void Select(int[] rows)
    {
        using var scope = NewDisposeScope();
        var device = _crossKeys[0].device;
        var index = tensor(Array.ConvertAll(rows, row => (long)row), device: device);
        foreach (var tensors in (Tensor?[][])[_selfKeys, _selfValues, _crossKeys, _crossValues])
        {
            for (var layer = 0; layer < tensors.Length; layer++)
            {
                Replace(ref tensors[layer], tensors[layer]?.index_select(0, index));
            }
        }

        if (Mask_B11S is { } mask)
        {
            Mask_B11S = mask.index_select(0, index).DetachFromDisposeScope();
            mask.Dispose();
        }
    }

    public void Dispose()
    {
        foreach (var tensor in _selfKeys.Concat(_selfValues).Concat(_crossKeys).Concat(_crossValues).Append(Mask_B11S).Append(_bias_HL))
        {
            tensor?.Dispose();
        }
    }

    private static void Replace(ref Tensor? old, Tensor? replacement)
    {
        replacement?.DetachFromDisposeScope();
        old?.Dispose();
        old = replacement;
    }
}
