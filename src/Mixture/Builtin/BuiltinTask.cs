using Temper.Mixture.Examples;
using Temper.Mixture.Sources;

namespace Temper.Mixture.Builtin;

/// <summary>A task that is made by code.</summary>
/// <param name="Name">Name of the task.</param>
/// <param name="Description">One line on what it asks for.</param>
/// <param name="Train">Training examples.</param>
/// <param name="Validation">Examples that are evaluated while training.</param>
/// <param name="Test">Examples that are evaluated at the end only.</param>
/// <param name="Labels">The only valid answers, in class-id order; null for free text.</param>
/// <param name="Metrics">Names of the metrics that fit.</param>
public sealed record BuiltinTask(
    string Name,
    string Description,
    IReadOnlyList<TextExample> Train,
    IReadOnlyList<TextExample> Validation,
    IReadOnlyList<TextExample> Test,
    IReadOnlyList<string>? Labels,
    IReadOnlyList<string> Metrics);

/// <summary>A row with what decides its split: a key that says what the row is about, in no language.</summary>
/// <param name="Key">Equal keys land in the same split.</param>
/// <param name="Example">The row.</param>
internal readonly record struct KeyedExample(string Key, TextExample Example);

/// <summary>How many rows each split of a built-in task gets.</summary>
internal readonly record struct SplitSizes(int Train, int Validation, int Test);

/// <summary>The recipe of a built-in task; most need names from CLDR.</summary>
internal sealed record BuiltinRecipe(
    string Name,
    string Description,
    SplitSizes Sizes,
    Func<IEnumerable<KeyedExample>> Rows,
    IReadOnlyList<string> Metrics,
    IReadOnlyList<string>? Labels = null,
    bool NeedsNames = true)
{
    /// <summary>
    /// Makes the task. The keys, ordered by their hash, go to validation, test and training in turn: splits of fixed size that
    /// share no key, the same on every host. The same keys in two tasks (dates) are held out in both.
    /// </summary>
    public BuiltinTask Make()
    {
        var rows = Rows()
            .DistinctBy(row => row.Example.Inputs, StringComparer.Ordinal)
            .OrderBy(row => TextHash.Of("split", row.Key))
            .ThenBy(row => row.Key, StringComparer.Ordinal)
            .Select(row => row.Example)
            .ToList();
        var held = Sizes.Validation + Sizes.Test;
        return new BuiltinTask(
            Name,
            Description,
            [.. rows.Skip(held).Take(Sizes.Train)],
            [.. rows.Take(Sizes.Validation)],
            [.. rows.Skip(Sizes.Validation).Take(Sizes.Test)],
            Labels,
            Metrics);
    }
}
