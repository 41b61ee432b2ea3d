namespace Temper.Mixture.Metrics;

/// <summary>What a metric is computed from.</summary>
/// <param name="Targets">What should have been written.</param>
/// <param name="Predictions">What the model wrote.</param>
/// <param name="Labels">The task's labels in class-id order; null for free text.</param>
internal sealed record MetricFeed(IReadOnlyList<string> Targets, IReadOnlyList<string> Predictions, IReadOnlyList<string>? Labels)
{
    /// <summary>Targets as class ids.</summary>
    public int[] TargetIds => LabelText.ToClassIds(Targets, Labels ?? []);

    /// <summary>Predictions as class ids; -1 for what is no label.</summary>
    public int[] PredictionIds => LabelText.ToClassIds(Predictions, Labels ?? []);

    /// <summary>Targets as numbers.</summary>
    public double[] TargetNumbers => [.. Targets.Select(text => LabelText.ToNumber(text))];

    /// <summary>Predictions as numbers; -1 for what is none.</summary>
    public double[] PredictionNumbers => [.. Predictions.Select(text => LabelText.ToNumber(text))];
}
