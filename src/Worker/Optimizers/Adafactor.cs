using Temper.Worker.Model;
using Temper.Worker.Native;
using static TorchSharp.torch;

namespace Temper.Worker.Optimizers;

/// <summary>Settings of <see cref="Adafactor"/>; the defaults are those that T5 was trained with.</summary>
/// <param name="MinDimensionToFactor">Matrices whose smaller side is at least this long keep row and column means only.</param>
/// <param name="ScaleParameter">Whether the learning rate is relative to each parameter's root mean square.</param>
/// <param name="ClipThreshold">Bound on an update's root mean square.</param>
/// <param name="DecayExponent">The squared gradient's decay is 1 − t^-this at step t.</param>
/// <param name="Epsilon1">Added to the squared gradient.</param>
/// <param name="Epsilon2">Least root mean square that a parameter counts with.</param>
public sealed record AdafactorSettings(
    int MinDimensionToFactor = 128,
    bool ScaleParameter = true,
    double ClipThreshold = 1,
    double DecayExponent = 0.8,
    double Epsilon1 = 1e-30,
    double Epsilon2 = 1e-3);

/// <summary>Adafactor without momentum (Shazeer and Stern 2018, arXiv:1804.04235): its state is a row and a column for each large matrix.</summary>
public sealed class Adafactor : Optimizer
{
    private readonly AdafactorSettings _settings;
    private readonly List<(ParameterSlot Slot, Tensor[] State)> _states;

    /// <summary>An optimizer that has not seen a gradient yet.</summary>
    public Adafactor(FlatParameters parameters, AdafactorSettings? settings = null)
        : base(parameters)
    {
        _settings = settings ?? new AdafactorSettings();
        _states = [.. parameters.Slots.Select(slot => (slot, NewState(slot)))];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<KeyValuePair<string, Tensor>> StateTensors() =>
    [
        .. _states.SelectMany(one => one.State is [var rows, var columns]
            ? [KeyValuePair.Create($"{one.Slot.Name}/rows", rows.alias()), KeyValuePair.Create($"{one.Slot.Name}/columns", columns.alias())]
            : (KeyValuePair<string, Tensor>[])[KeyValuePair.Create($"{one.Slot.Name}/square", one.State[0].alias())]),
    ];

    /// <inheritdoc/>
    protected override void Update(double learningRate)
    {
        var decay = 1 - Math.Pow(Steps, -_settings.DecayExponent);
        foreach (var (slot, state) in _states)
        {
            using var scope = NewDisposeScope();
            var (value, gradient) = (Parameters.Value(slot.Name), Parameters.Gradient(slot.Name));
            var rate = learningRate * (_settings.ScaleParameter
                ? Math.Max(_settings.Epsilon2, Math.Sqrt(SquareSum(value) / slot.Count))
                : 1);
            if (state is [var rows, var columns])
            {
                UpdateFactored(value, gradient, rows, columns, decay, rate);
            }
            else
            {
                state[0].mul_(Scalars.Of(decay)).add_(gradient.pow(Scalars.Two).add_(Scalars.Of(_settings.Epsilon1), Scalars.One), Scalars.Of(1 - decay));
                var update = gradient * state[0].rsqrt();
                value.add_(update, Scalars.Of(-rate / Clip(SquareSum(update) / slot.Count)));
            }
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing) =>
        _states.ForEach(one => Array.ForEach(one.State, tensor => tensor.Dispose()));

    /// <summary>
    /// Three walks over the gradient in blocks of rows: its squares' means, the size of the update, the update. Rows are the means
    /// within each row of the matrix, columns those within each column.
    /// </summary>
    private void UpdateFactored(Tensor value, Tensor gradient, Tensor rows, Tensor columns, double decay, double rate)
    {
        var (height, width) = (gradient.shape[0], gradient.shape[1]);
        var blocks = Pieces(0, height, Math.Max(1, PieceElements(Parameters) / width)).ToArray();
        var columnSums = zeros_like(columns);
        rows.mul_(Scalars.Of(decay));
        foreach (var (start, count) in blocks)
        {
            using var scope = NewDisposeScope();
            var squares = gradient.narrow(0, start, count).pow(Scalars.Two);
            rows.narrow(0, start, count).add_(squares.mean([1]).add_(Scalars.Of(_settings.Epsilon1), Scalars.One), Scalars.Of(1 - decay));
            columnSums.add_(squares.sum([0L]), Scalars.One);
        }

        columns.mul_(Scalars.Of(decay)).add_(columnSums.div_(Scalars.Of(height)).add_(Scalars.Of(_settings.Epsilon1), Scalars.One), Scalars.Of(1 - decay));

        // T5 normalises by the mean of the shorter factor's vector; both means are equal up to rounding.
        var mean = (height > width ? columns : rows).mean();
        var rowFactor = rows.rsqrt().unsqueeze(1);
        var columnFactor = columns.rsqrt();
        var meanFactor = Math.Sqrt(mean.item<float>());
        var updateSquares = 0.0;
        foreach (var (start, count) in blocks)
        {
            using var scope = NewDisposeScope();
            updateSquares += SquareSum(Direction(start, count));
        }

        var step = -rate / Clip(updateSquares * meanFactor * meanFactor / (height * width)) * meanFactor;
        foreach (var (start, count) in blocks)
        {
            using var scope = NewDisposeScope();
            value.narrow(0, start, count).add_(Direction(start, count), Scalars.Of(step));
        }

        Tensor Direction(long start, long count) =>
            (gradient.narrow(0, start, count) * columnFactor).mul_(rowFactor.narrow(0, start, count));
    }

    private static double SquareSum(Tensor tensor)
    {
        using var norm = tensor.norm();
        return Math.Pow(norm.item<float>(), 2);
    }

    /// <summary>What an update of this mean square is divided by.</summary>
    private double Clip(double meanSquare) => Math.Max(1, Math.Sqrt(meanSquare) / _settings.ClipThreshold);

    private Tensor[] NewState(ParameterSlot slot)
    {
        using var scope = NewDisposeScope();
        Tensor State(params long[] shape) => zeros(shape, ScalarType.Float32, Parameters.Device).DetachFromDisposeScope();
        return slot.Shape is [var height, var width] && Math.Min(height, width) >= _settings.MinDimensionToFactor
            ? [State(height), State(width)]
            : [State(slot.Shape)];
    }
}
