using Temper.Mixture.Batching;
using Temper.Worker.Model;

namespace Temper.Worker.Training;

/// <summary>Rows as the rectangles that a model takes.</summary>
internal static class ModelBatches
{
    /// <summary>The planned rows, padded to the longest.</summary>
    public static ModelBatch Of(IReadOnlyList<PlannedRow> rows, IReadOnlyList<ITokenSource> sources)
    {
        var (inputLength, targetLength) = (rows.Max(row => row.InputTokens), rows.Max(row => row.TargetTokens));
        var inputs = new int[rows.Count * inputLength];
        var targets = new int[rows.Count * targetLength];
        for (var i = 0; i < rows.Count; i++)
        {
            var row = sources[rows[i].Task].Row(rows[i].Index, rows[i].Epoch);
            row.Inputs.Span.CopyTo(inputs.AsSpan(i * inputLength));
            row.Targets.Span.CopyTo(targets.AsSpan(i * targetLength));
        }

        return new ModelBatch(rows.Count, inputLength, targetLength, inputs, targets);
    }
}
