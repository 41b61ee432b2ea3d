using Temper.Contracts.Specs;
using Temper.Worker.Devices;
using Temper.Worker.Native;
using static TorchSharp.torch;

namespace Temper.Worker.Model;

/// <summary>One named parameter and its place in the flat buffers.</summary>
/// <param name="Name">Hugging Face's name, such as <c>encoder.block.0.layer.0.SelfAttention.q.weight</c>.</param>
/// <param name="Shape">Dimensions; row-major.</param>
/// <param name="Offset">Of its first element, in elements.</param>
public sealed record ParameterSlot(string Name, long[] Shape, long Offset)
{
    /// <summary>Elements.</summary>
    public long Count => Shape.Aggregate(1L, (product, size) => product * size);
}

/// <summary>
/// All parameters of a model as views into one fp32 buffer, and all gradients as views into another: an exchange sums one,
/// an optimizer walks one array. In bf16 a third buffer holds the copy that matrix products read.
/// </summary>
/// <remarks>
/// Parameters that a product uses together lie together, so that query, key and value are one matrix to the product and three to
/// a checkpoint. Matrices come first and vectors and bias tables last: weight decay ends at <see cref="DecayedCount"/>.
/// </remarks>
public sealed class FlatParameters : IDisposable
{
    // Rows of SIMD registers: each group starts on a 64-byte boundary. The gaps stay zero through every update.
    private const long Alignment = 16;

    private readonly Dictionary<string, ParameterSlot> _slots = new(StringComparer.Ordinal);
    private readonly List<(Tensor Leaf, Tensor Gradient)> _copied = [];
    private readonly List<Tensor> _owned = [];
    private readonly Tensor? _gradients;
    private readonly Tensor? _copy;
    private readonly long _copyStart;

    /// <summary>Buffers for <paramref name="groups"/> of parameters, all zero.</summary>
    /// <param name="groups">Groups in the order of the buffer; the members of each lie side by side.</param>
    /// <param name="decayedGroups">How many of the first groups are matrices.</param>
    /// <param name="uncopiedGroups">How many of the first groups no product reads.</param>
    /// <param name="precision">Of matrix products.</param>
    /// <param name="device">Where the buffers live.</param>
    /// <param name="trainable">Whether there is a buffer of gradients.</param>
    internal FlatParameters(
        IReadOnlyList<(string Name, long[] Shape)[]> groups, int decayedGroups, int uncopiedGroups, Precision precision, Device device, bool trainable = true)
    {
        Precision = precision;
        Device = device;
        var offset = 0L;
        for (var i = 0; i < groups.Count; i++)
        {
            foreach (var (name, shape) in groups[i])
            {
                var slot = new ParameterSlot(name, shape, offset);
                _slots.Add(name, slot);
                offset += slot.Count;
            }

            offset = (offset + Alignment - 1) / Alignment * Alignment;
            DecayedCount = i < decayedGroups ? offset : DecayedCount;
            _copyStart = i < uncopiedGroups ? offset : _copyStart;
        }

        Values = Own(zeros(offset, ScalarType.Float32, device));
        _gradients = trainable ? Own(zeros(offset, ScalarType.Float32, device)) : null;
        _copy = precision == Precision.Bf16 ? Own(zeros(DecayedCount - _copyStart, ScalarType.BFloat16, device)) : null;
    }

    /// <summary>Of matrix products.</summary>
    public Precision Precision { get; }

    /// <summary>Where the buffers live.</summary>
    public Device Device { get; }

    /// <summary>The parameters in the order of the buffers.</summary>
    public IReadOnlyCollection<ParameterSlot> Slots => _slots.Values;

    /// <summary>Elements of each buffer, gaps of alignment included.</summary>
    public long Count => Values.numel();

    /// <summary>Elements at the start of the buffers that belong to matrices; norm scales and bias tables follow.</summary>
    public long DecayedCount { get; }

    /// <summary>The fp32 parameters, [<see cref="Count"/>]. Call <see cref="ValuesChanged"/> after writing to them.</summary>
    public Tensor Values { get; }

    /// <summary>The fp32 gradients, [<see cref="Count"/>]: sums since <see cref="ZeroGradients"/>.</summary>
    /// <exception cref="InvalidOperationException">The model was made to be asked, not trained.</exception>
    public Tensor Gradients =>
        _gradients ?? throw new InvalidOperationException("This model was made without room for gradients. Make it trainable to train it.");

    /// <summary>The parameters as memory of this process, where they are that.</summary>
    public Span<float> ValueSpan => Values.Floats();

    /// <summary>The gradients as memory of this process, where they are that.</summary>
    public Span<float> GradientSpan => Gradients.Floats();

    internal ScalarType ComputeType => _copy is null ? ScalarType.Float32 : ScalarType.BFloat16;

    /// <summary>The place of a parameter.</summary>
    public ParameterSlot this[string name] => _slots[name];

    /// <summary>A view of one parameter, in its shape; the caller's to dispose.</summary>
    public Tensor Value(string name) => View(Values, _slots[name]);

    /// <summary>A view of one parameter's gradient, in its shape; the caller's to dispose.</summary>
    public Tensor Gradient(string name) => View(Gradients, _slots[name]);

    /// <summary>Sets all gradients to zero.</summary>
    public void ZeroGradients()
    {
        using var scope = NewDisposeScope();
        Gradients.zero_();
    }

    /// <summary>Renews the copy that products read; call after each change of <see cref="Values"/>.</summary>
    public void ValuesChanged()
    {
        if (_copy is { } copy)
        {
            using var scope = NewDisposeScope();
            copy.copy_(Values.narrow(0, _copyStart, copy.numel()));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in _owned)
        {
            tensor.Dispose();
        }
    }

    /// <summary>A leaf of the graph for parameters used in fp32; its gradient is a view of <see cref="Gradients"/>.</summary>
    internal Tensor Leaf(string name)
    {
        using var scope = NewDisposeScope();
        if (_gradients is null)
        {
            return Own(Value(name));
        }

        var leaf = Own(Value(name).requires_grad_());
        leaf.grad = Own(Gradient(name));
        return leaf;
    }

    /// <summary>
    /// A leaf of the graph for the matrices <paramref name="names"/>, stacked, [sum of rows, columns], in the type of products. Its
    /// gradient arrives in <see cref="Gradients"/> with <see cref="CollectGradients"/>.
    /// </summary>
    internal Tensor Matrix(params ReadOnlySpan<string> names)
    {
        using var scope = NewDisposeScope();
        var (first, last) = (_slots[names[0]], _slots[names[^1]]);
        long[] shape = [(last.Offset + last.Count - first.Offset) / first.Shape[1], first.Shape[1]];
        var stacked = first with { Shape = shape };
        var leaf = Own(_copy is { } copy ? View(copy, stacked with { Offset = first.Offset - _copyStart }) : View(Values, stacked));
        if (_gradients is null)
        {
            return leaf;
        }

        leaf.requires_grad_();
        var gradient = Own(View(Gradients, stacked));
        if (_copy is null)
        {
            leaf.grad = gradient;
        }
        else
        {
            _copied.Add((leaf, gradient));
        }

        return leaf;
    }

    /// <summary>The copy that products read of one matrix, without a gradient.</summary>
    internal Tensor Product(string name) => _copy is { } copy
        ? View(copy, _slots[name] with { Offset = _slots[name].Offset - _copyStart })
        : Value(name);

    /// <summary>Moves what a backward pass left at bf16 leaves into the fp32 sums.</summary>
    internal void CollectGradients()
    {
        using var scope = NewDisposeScope();
        foreach (var (leaf, sum) in _copied)
        {
            if (leaf.grad is { } gradient)
            {
                sum.add_(gradient, Scalars.One);
                leaf.grad = null;
            }
        }
    }

    internal static Tensor View(Tensor buffer, ParameterSlot slot)
    {
        using var flat = buffer.narrow(0, slot.Offset, slot.Count);
        return flat.view(slot.Shape);
    }

    private Tensor Own(Tensor tensor)
    {
        _owned.Add(tensor.DetachFromDisposeScope());
        return tensor;
    }
}
