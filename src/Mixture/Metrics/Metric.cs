namespace Temper.Mixture.Metrics;

/// <summary>
/// A way to judge predictions: a pure function of target texts, predicted texts and the task's labels. It never throws for
/// what a model wrote: an answer that is no label is a wrong answer.
/// </summary>
public sealed class Metric
{
    private readonly Func<IReadOnlyList<string>?, IReadOnlyList<string>> _keys;
    private readonly Func<MetricFeed, IReadOnlyList<double>> _score;
    private readonly Func<IReadOnlyList<string>?, string?> _objection;
    private readonly Func<IReadOnlyList<string>, string?> _warning;

    internal Metric(
        string name,
        string alias,
        string summary,
        Func<IReadOnlyList<string>?, IReadOnlyList<string>> keys,
        Func<MetricFeed, IReadOnlyList<double>> score,
        Func<IReadOnlyList<string>?, string?>? objection = null,
        Func<IReadOnlyList<string>, string?>? warning = null)
    {
        Name = name;
        Alias = alias;
        Summary = summary;
        _keys = keys;
        _score = score;
        _objection = objection ?? (_ => null);
        _warning = warning ?? (_ => null);
    }

    /// <summary>The spelling to use in specs.</summary>
    public string Name { get; }

    /// <summary>The name in T5's code, accepted as well.</summary>
    public string Alias { get; }

    /// <summary>One sentence on what it measures.</summary>
    public string Summary { get; }

    /// <summary>Why the metric cannot judge a task with these labels and what would fit, or null if it can.</summary>
    /// <param name="labels">The task's labels; null for free text.</param>
    public string? Objection(IReadOnlyList<string>? labels) => _objection(labels);

    /// <summary>Why even perfect answers to these targets score 0, as where they are too short to be counted; null if they do not.</summary>
    /// <param name="targets">What should be written.</param>
    public string? Warning(IReadOnlyList<string> targets)
    {
        ArgumentNullException.ThrowIfNull(targets);
        return targets.Count == 0 ? null : _warning(targets);
    }

    /// <summary>T5's report keys of the values, the main one first: what stands for the metric where there is room for one number.</summary>
    /// <param name="labels">The task's labels; null for free text.</param>
    public IReadOnlyList<string> Keys(IReadOnlyList<string>? labels) => _keys(labels);

    /// <summary>
    /// Values by T5's report key, in percent and in the order of <see cref="Keys"/>; NaN where the value is not defined, as for no examples at all.
    /// </summary>
    /// <param name="targets">What should have been written.</param>
    /// <param name="predictions">What the model wrote, in the same order.</param>
    /// <param name="labels">The task's labels in class-id order; null for free text.</param>
    public IReadOnlyDictionary<string, double> Score(IReadOnlyList<string> targets, IReadOnlyList<string> predictions, IReadOnlyList<string>? labels)
    {
        ArgumentNullException.ThrowIfNull(targets);
        ArgumentNullException.ThrowIfNull(predictions);
        if (targets.Count != predictions.Count)
        {
            throw new ArgumentException($"{predictions.Count} predictions for {targets.Count} targets; every target needs one.", nameof(predictions));
        }

        if (Objection(labels) is { } objection)
        {
            throw new ArgumentException(objection, nameof(labels));
        }

        var values = _score(new MetricFeed(targets, predictions, labels));
        return new OrderedDictionary<string, double>(Keys(labels).Zip(values, KeyValuePair.Create), StringComparer.Ordinal);
    }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
