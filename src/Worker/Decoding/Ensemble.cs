using Temper.Worker.Model;
using Temper.Worker.Native;
using static TorchSharp.torch;

namespace Temper.Worker.Decoding;

/// <summary>
/// Several models that answer together: at every position the mean of their logits, not of their probabilities (Raffel et al. 2020,
/// section 3.6), taken in fp32 in the order of the members. They may differ in size but share the vocabulary. An ensemble of one
/// answers as its member does, to the last bit.
/// </summary>
public sealed class Ensemble : IPredictor
{
    private readonly IReadOnlyList<T5Model> _members;

    /// <summary>An ensemble of <paramref name="members"/>, which it owns.</summary>
    /// <exception cref="ArgumentException">There are none, or their numbers of logits differ.</exception>
    public Ensemble(IReadOnlyList<T5Model> members)
    {
        if (members.Count == 0)
        {
            throw new ArgumentException("An ensemble has at least one member.", nameof(members));
        }

        for (var i = 1; i < members.Count; i++)
        {
            if (members[i].VocabularySize != members[0].VocabularySize)
            {
                throw new ArgumentException(
                    $"Member {i} has {members[i].VocabularySize} logits at each position, member 0 has {members[0].VocabularySize}; "
                    + "only logits over the same vocabulary have a mean.",
                    nameof(members));
            }
        }

        _members = members;
    }

    /// <inheritdoc/>
    public int VocabularySize => _members[0].VocabularySize;

    /// <inheritdoc/>
    public long ParameterCount => _members.Sum(member => member.ParameterCount);

    /// <inheritdoc/>
    public IDecoding StartDecoding(int[] inputIds, int rows, int inputLength) =>
        new EnsembleDecoding([.. _members.Select(member => member.StartDecoding(inputIds, rows, inputLength))]);

    /// <inheritdoc/>
    public BatchLoss Evaluate(ModelBatch batch)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var targets = Targets.Of(batch);
        var hidden_ND = _members.Select(member => member.Hidden(batch, targets)).ToArray();
        return CrossEntropy.Of(
            targets, (start, count) => Mean(_members.Select((member, i) => member.LogitsOf(hidden_ND[i].narrow(0, start, count)))));
    }

    /// <inheritdoc/>
    public Tensor Logits(ModelBatch batch)
    {
        using var noGrad = no_grad();
        return Mean(_members.Select(member => member.Logits(batch)));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var member in _members)
        {
            member.Dispose();
        }
    }

    /// <summary>The mean in fp32. Members' logits are asked for one after the other, and disposed of: two are there at most.</summary>
    private static Tensor Mean(IEnumerable<Tensor> logits)
    {
        using var scope = NewDisposeScope();
        Tensor? sum = null;
        var count = 0;
        foreach (var one in logits)
        {
            using var own = one;
            sum = sum is null ? own.to(ScalarType.Float32).alias() : sum.add_(own, Scalars.One);
            count++;
        }

        return sum!.div_(Scalars.Of(count)).MoveToOuterDisposeScope();
    }

    private sealed class EnsembleDecoding(IReadOnlyList<IDecoding> members) : IDecoding
    {
        public int Position => members[0].Position;

        public Tensor Step(int[] ids)
        {
            using var noGrad = no_grad();
            return Mean(members.Select(member => member.Step(ids)));
        }

        public void Select(int[] rows)
        {
            foreach (var member in members)
            {
                member.Select(rows);
            }
        }

        public void Dispose()
        {
            foreach (var member in members)
            {
                member.Dispose();
            }
        }
    }
}
