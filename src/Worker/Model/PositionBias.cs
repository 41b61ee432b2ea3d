using Temper.Contracts.Models;
using Temper.Worker.Devices;
using Temper.Worker.Native;
using static TorchSharp.torch;

namespace Temper.Worker.Model;

/// <summary>
/// The position biases of one stack, which all its layers add to their scores. A bias depends on the offset alone, key position − query
/// position: 2L − 1 values a head are looked up, and the square of L queries by L keys is their view as a Toeplitz matrix, made once a pass.
/// </summary>
/// <remarks>
/// The gradient of a value is the sum over its diagonal. Summing by index takes several times as long as all the rest, so each block of rows
/// is copied into a rectangle that is one column wider when it is read than when it was written: then diagonals are columns.
/// </remarks>
/// <param name="config">The shape.</param>
/// <param name="parameters">Hold the table, [buckets, H].</param>
/// <param name="stack"><c>encoder</c>, whose keys lie on both sides, or <c>decoder</c>, where those behind a query are hidden from it.</param>
internal sealed class PositionBias(T5Config config, FlatParameters parameters, string stack) : IDisposable
{
    // Rows whose rectangle stays in the cache; on an accelerator launches cost more.
    private const int HostRows = 64;
    private const int DeviceRows = 512;
    private const int MinLength = 64;

    private readonly string _table = T5Layout.BiasTable(stack);
    private readonly bool _isDecoder = stack == "decoder";
    private Tensor? _oneHot;
    private int _longest;

    /// <summary>Biases [1, H, L, L], fp32; those of hidden keys are <see cref="T5Model.Masked"/>.</summary>
    /// <param name="length">L, queries and keys.</param>
    public Tensor Square(int length)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var values = Values(length);
        if (_isDecoder)
        {
            values.narrow(1, length, length - 1).fill_(Scalars.Of(T5Model.Masked));
        }

        // Window k of the values belongs to query L - 1 - k.
        return values.unfold(1, length, 1).flip(1).unsqueeze(0).MoveToOuterDisposeScope();
    }

    /// <summary>Biases [H, L] of the last query of L to the keys up to itself, fp32: of a shorter row the last ones.</summary>
    /// <param name="length">L.</param>
    public Tensor LastRow(int length)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return Values(length).narrow(1, 0, length).MoveToOuterDisposeScope();
    }

    /// <summary>Adds the table's gradient, that of <see cref="Square"/> being <paramref name="gradient_1HLL"/>.</summary>
    public void AddGradient(Tensor gradient_1HLL)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var length = (int)gradient_1HLL.shape[2];
        // What is hidden has no gradient.
        var offsets = _isDecoder ? length : (2 * length) - 1;
        var diagonals = Diagonals(gradient_1HLL.view(config.Heads, length, length)).narrow(1, 0, offsets);
        parameters.Gradient(_table).add_(OneHot(length).narrow(1, 0, offsets).matmul(diagonals.transpose(0, 1)), Scalars.One);
    }

    public void Dispose() => _oneHot?.Dispose();

    /// <summary>The sums over the diagonals of [H, L, L], from the last key's first to the first key's last: [H, 2L − 1], fp32.</summary>
    private Tensor Diagonals(Tensor square_HLL)
    {
        using var scope = NewDisposeScope();
        var length = (int)square_HLL.shape[1];
        var sums = zeros(config.Heads, (2 * length) - 1, ScalarType.Float32, parameters.Device);
        var most = parameters.Device.IsHost() ? HostRows : DeviceRows;
        for (var first = 0; first < length; first += most)
        {
            using var inner = NewDisposeScope();
            var rows = Math.Min(most, length - first);
            var width = length + rows;
            var flat = zeros(config.Heads, (long)rows * (width + 1), square_HLL.dtype, parameters.Device);
            flat.narrow(1, 0, (long)rows * width).view(config.Heads, rows, width).narrow(2, rows, length).copy_(square_HLL.narrow(1, first, rows));
            var columns = flat.view(config.Heads, rows, width + 1).sum([1L], type: ScalarType.Float32).narrow(1, 1, width - 1);
            sums.narrow(1, length - first - rows, width - 1).add_(columns, Scalars.One);
        }

        return sums.MoveToOuterDisposeScope();
    }

    /// <summary>The biases of the offsets 1 − L to L − 1, [H, 2L − 1], fp32.</summary>
    private Tensor Values(int length) => parameters.Value(_table).transpose(0, 1).matmul(OneHot(length));

    /// <summary>The buckets of the offsets 1 − L to L − 1 as columns, [buckets, 2L − 1], fp32.</summary>
    private Tensor OneHot(int length)
    {
        if (_oneHot is null || length > _longest)
        {
            _oneHot?.Dispose();
            _longest = Math.Max(MinLength, Math.Max(length, 2 * _longest));
            var buckets = Enumerable.Range(1 - _longest, (2 * _longest) - 1)
                .Select(offset => (long)RelativePositions.Bucket(offset, !_isDecoder, config.Buckets, config.MaxDistance)).ToArray();
            var index = tensor(buckets, device: parameters.Device).unsqueeze(0);
            var one = ones(1, buckets.Length, ScalarType.Float32, parameters.Device);
            _oneHot = zeros(config.Buckets, buckets.Length, ScalarType.Float32, parameters.Device).scatter_(0, index, one).DetachFromDisposeScope();
        }

        return _oneHot.narrow(1, _longest - length, (2 * length) - 1);
    }
}
