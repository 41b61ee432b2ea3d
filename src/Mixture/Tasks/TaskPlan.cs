using Temper.Mixture.Metrics;
using Temper.Mixture.Mixing;
using Temper.Mixture.Sources;

namespace Temper.Mixture.Tasks;

/// <summary>A spec of a task over files, checked as far as it can be without reading rows. Checking and loading share it.</summary>
/// <param name="Maker">Turns rows into examples.</param>
/// <param name="Splits">Splits whose files were found.</param>
/// <param name="Labels">The valid answers; null for free text.</param>
/// <param name="Metrics">How predictions are judged.</param>
/// <param name="RowsReadable">Whether the form of the files is clear: otherwise every row would only repeat that it is not.</param>
/// <param name="RowsUsable">Whether templates, map and labels are sound as well.</param>
/// <param name="IsText">Whether the rows are a text to pre-train on: then its lines are joined to documents, and a row without text is no example.</param>
internal sealed record TaskPlan(
    ExampleMaker Maker,
    IReadOnlyList<SplitPlan> Splits,
    IReadOnlyList<string>? Labels,
    IReadOnlyList<Metric> Metrics,
    bool RowsReadable,
    bool RowsUsable,
    bool IsText = false)
{
    public static TaskPlan Of(TaskSpec spec, DataRoots roots, SpecErrors errors)
    {
        CheckNumbers(spec, errors);
        var errorsBefore = errors.All.Count;
        var shape = ShapeCheck.Of(spec, errors);
        var readable = errors.All.Count == errorsBefore;
        if (spec.SpanCorruption is not null)
        {
            RefuseAnswers(spec, errors);
            var text = new ExampleMaker(TemplateOf("inputs", spec.Inputs ?? $"{{{TextRows.Column}}}", errors), TextTemplate.Nothing, MapOf(spec, errors), labels: null);
            var sound = errors.All.Count == errorsBefore;
            return new TaskPlan(text, SplitsOf(spec, shape, roots, errors), null, [], readable, sound, IsText: true);
        }

        var labels = LabelSet.Of(spec, errors);
        var maker = new ExampleMaker(TemplateOf("inputs", spec.Inputs, errors), TemplateOf("targets", spec.Targets, errors), MapOf(spec, errors), labels);
        var usable = errors.All.Count == errorsBefore;
        return new TaskPlan(maker, SplitsOf(spec, shape, roots, errors), labels, MetricCheck.Of(spec.Metrics, labels, errors), readable, usable);
    }

    /// <summary>The numbers that built-in tasks have too.</summary>
    public static void CheckNumbers(TaskSpec spec, SpecErrors errors)
    {
        if (spec.MaxExamples is < 1)
        {
            errors.Add("max_examples", $"{spec.MaxExamples} rows cannot be trained on. Give at least 1, or leave it out for all rows.");
        }

        if (spec.Rate is { } rate && MixingRates.Objection(rate) is { } objection)
        {
            errors.Add("rate", objection);
        }
    }

    // What is hidden of a text is what should be answered.
    private static void RefuseAnswers(TaskSpec spec, SpecErrors errors)
    {
        (string Place, bool Given)[] answers =
        [
            ("targets", spec.Targets is not null),
            ("labels", spec.Labels is not null),
            ("label_range", spec.LabelRange is not null),
            ("metrics", spec.Metrics is not null),
        ];
        foreach (var (place, _) in answers.Where(setting => setting.Given))
        {
            errors.Add(place, $"'{place}' does not go with 'span_corruption', whose targets are the hidden spans and which is judged by its loss. Leave it out.");
        }
    }

    private static List<SplitPlan> SplitsOf(TaskSpec spec, SourceShape shape, DataRoots roots, SpecErrors errors)
    {
        if (spec.Train is null && spec.Validation is null && spec.Test is null)
        {
            errors.Add(SplitCheck.Train, "There are no rows. Give 'train', or 'validation' or 'test' alone for a task that is only evaluated, with 'files' or 'parallel'; or name a 'builtin'.");
        }
        else if (spec.Train is null && spec.MaxExamples is not null)
        {
            errors.Add("max_examples", "'max_examples' is about training rows, and the task has none. Leave it out, or give 'train'.");
        }

        if (spec.Train?.HoldOutBy is not null && spec.Validation is null && spec.Test is null)
        {
            errors.Add("train.hold_out_by", "'hold_out_by' does nothing without 'validation' or 'test'. Give one of them, or leave it out.");
        }

        (string Name, SplitSpec? Spec)[] splits = [(SplitCheck.Train, spec.Train), ("validation", spec.Validation), ("test", spec.Test)];
        return [.. splits.Where(split => split.Spec is not null).Select(split => SplitCheck.Of(split.Name, split.Spec!, shape, roots, errors))];
    }

    private static TextTemplate TemplateOf(string place, string? text, SpecErrors errors)
    {
        if (string.IsNullOrEmpty(text))
        {
            errors.Add(place, "There is no template. Write one such as 'sst2 sentence: {sentence}'.");
        }

        var template = TextTemplate.Parse(text ?? "", out var problems);
        foreach (var problem in problems)
        {
            errors.Add(place, problem);
        }

        return template;
    }

    private static IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>> MapOf(TaskSpec spec, SpecErrors errors)
    {
        foreach (var (column, texts) in spec.Map ?? new Dictionary<string, IReadOnlyDictionary<string, string>>())
        {
            if (texts is not { Count: > 0 })
            {
                errors.Add($"map.{column}", "The map is empty, so every value would be an error. List raw values and their texts, or leave the column out.");
            }
        }

        return spec.Map ?? new Dictionary<string, IReadOnlyDictionary<string, string>>();
    }
}
