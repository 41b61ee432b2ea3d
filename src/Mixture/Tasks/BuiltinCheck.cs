using Temper.Mixture.Builtin;

namespace Temper.Mixture.Tasks;

/// <summary>Checks a spec that names a built-in task.</summary>
internal static class BuiltinCheck
{
    private static readonly TaskSpec Defaults = new();

    public static void Check(TaskSpec spec, SpecErrors errors)
    {
        TaskPlan.CheckNumbers(spec, errors);
        foreach (var (place, given) in OfFiles(spec).Where(setting => setting.Given))
        {
            errors.Add(place, $"'{place}' does not go with 'builtin: {spec.Builtin}', which brings its own. Leave it out; only max_examples, metrics and rate may be given.");
        }

        if (!BuiltinTasks.Names.Contains(spec.Builtin!, StringComparer.Ordinal))
        {
            errors.Add("builtin", Suggestion.Unknown(spec.Builtin!, "a built-in task", BuiltinTasks.Names));
            return;
        }

        if (spec.Metrics is not null)
        {
            MetricCheck.Of(spec.Metrics, BuiltinTasks.LabelsOf(spec.Builtin!), errors);
        }

        if (BuiltinTasks.Unavailable(spec.Builtin!) is { } reason)
        {
            errors.Add("builtin", reason);
        }
    }

    private static (string Place, bool Given)[] OfFiles(TaskSpec spec) =>
    [
        ("train", spec.Train is not null),
        ("validation", spec.Validation is not null),
        ("test", spec.Test is not null),
        ("format", spec.Format != Defaults.Format),
        ("encoding", spec.Encoding != Defaults.Encoding),
        ("header", spec.Header != Defaults.Header),
        ("columns", spec.Columns is not null),
        ("pattern", spec.Pattern is not null),
        ("inputs", spec.Inputs is not null),
        ("targets", spec.Targets is not null),
        ("map", spec.Map is not null),
        ("labels", spec.Labels is not null),
        ("label_range", spec.LabelRange is not null),
        ("span_corruption", spec.SpanCorruption is not null),
    ];
}
