using Temper.Worker.Devices;
using Temper.Worker.Model;
using Temper.Worker.Native;
using static TorchSharp.torch;

namespace Temper.Worker.Optimizers;

/// <summary>Updates a model's flat parameters from its flat gradients.</summary>
/// <param name="parameters">What to update; not owned.</param>
public abstract class Optimizer(FlatParameters parameters) : IDisposable
{
    // Several operations on a piece that stays in the cache cost little more than one walk through memory.
    private const long CachedElements = 1 << 18;

    /// <summary>Updates made so far; part of the state.</summary>
    public long Steps { get; private set; }

    /// <summary>What is updated.</summary>
    protected FlatParameters Parameters => parameters;

    /// <summary>One update with learning rate <paramref name="learningRate"/>. Gradients are read, not cleared.</summary>
    public void Step(double learningRate)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Steps++;
        Update(learningRate);
        parameters.ValuesChanged();
    }

    /// <summary>
    /// The state beside <see cref="Steps"/>, by name: views, valid until the optimizer is disposed, and the caller's to dispose.
    /// </summary>
    public abstract IReadOnlyList<KeyValuePair<string, Tensor>> StateTensors();

    /// <summary>Restores exactly what <see cref="StateTensors"/> and <see cref="Steps"/> were.</summary>
    /// <exception cref="InvalidDataException">A tensor is missing, unknown or of another shape; all are listed, and nothing is loaded.</exception>
    public void LoadState(IReadOnlyDictionary<string, Tensor> tensors, long steps)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var state = StateTensors();
        var problems = state
            .Where(own => !tensors.TryGetValue(own.Key, out var saved) || !saved.shape.SequenceEqual(own.Value.shape))
            .Select(own => $"{own.Key} [{string.Join(", ", own.Value.shape)}] is missing or of another shape")
            .Concat(tensors.Keys.Except(state.Select(own => own.Key)).Select(name => $"{name} is unknown"))
            .ToArray();
        if (problems.Length > 0)
        {
            throw new InvalidDataException($"The state does not fit this {GetType().Name}: {string.Join("; ", problems)}.");
        }

        foreach (var (name, own) in state)
        {
            own.copy_(tensors[name]);
        }

        Steps = steps;
    }

    /// <summary>
    /// Scales all gradients so that their global norm is at most <paramref name="maxNorm"/> (Pascanu et al. 2013, arXiv:1211.5063),
    /// and returns the norm before; pass infinity to measure only.
    /// </summary>
    public static double ClipGradients(FlatParameters parameters, double maxNorm)
    {
        using var scope = NewDisposeScope();
        var squares = 0.0;
        foreach (var (start, count) in Pieces(0, parameters.Count, PieceElements(parameters)))
        {
            using var piece = parameters.Gradients.narrow(0, start, count);
            using var norm = piece.norm();
            squares += Math.Pow(norm.item<float>(), 2);
        }

        var globalNorm = Math.Sqrt(squares);
        if (globalNorm > maxNorm)
        {
            parameters.Gradients.mul_(Scalars.Of(maxNorm / globalNorm));
        }

        return globalNorm;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Changes the parameters; <see cref="Steps"/> already counts this update.</summary>
    protected abstract void Update(double learningRate);

    /// <summary>Frees the state.</summary>
    protected abstract void Dispose(bool disposing);

    /// <summary>Elements to work on at a time: what fits the cache; all on an accelerator, whose launches cost more.</summary>
    private protected static long PieceElements(FlatParameters parameters) =>
        parameters.Device.IsHost() ? CachedElements : long.MaxValue;

    /// <summary>The range <paramref name="from"/> … <paramref name="to"/> in pieces of at most <paramref name="size"/>.</summary>
    private protected static IEnumerable<(long Start, long Count)> Pieces(long from, long to, long size)
    {
        for (var start = from; start < to; start += Math.Min(size, to - start))
        {
            yield return (start, Math.Min(size, to - start));
        }
    }
}
