using Temper.Contracts.Specs;
using Temper.Mixture.Batching;
using Temper.Mixture.Examples;
using Temper.Mixture.Objectives;
using Temper.Mixture.Tasks;
using Temper.Mixture.Vocabularies;

namespace Temper.Planning.Tasks;

/// <summary>From the splits of a task to rows of ids: encoded text for most tasks, corrupted chunks of documents for a text to pre-train on.</summary>
public static class TaskSources
{
    // Not the run's: losses of runs with different seeds are about the same hidden spans.
    private const long EvaluationSeed = 0;

    /// <summary>The rows that <paramref name="spec"/> trains on.</summary>
    /// <exception cref="SpecException">The text is too short to pre-train on.</exception>
    public static ITokenSource ToTrainOn(RunSpec spec, TaskData task, IVocabulary vocabulary) =>
        task.SpanCorruption is { } corruption
            ? LongEnough(task.Name, "train", task.Train, CorruptedText.ToTrainOn(
                task.Name, task.Train, vocabulary, spec.Training.InputLength, corruption, spec.Seed, task.MaxChunks))
            : TokenizedExamples.Encode(task.Name, task.Train, vocabulary, spec.Training.InputLength, spec.Training.TargetLength);

    /// <summary>The rows of a split that is evaluated: those of epoch 0, the same for every seed of a run.</summary>
    /// <exception cref="SpecException">The text is too short to pre-train on.</exception>
    public static ITokenSource ToEvaluate(RunSpec spec, TaskData task, string split, IVocabulary vocabulary) =>
        task.SpanCorruption is { } corruption
            ? LongEnough(task.Name, split, TextOf(task, split), CorruptedText.ToEvaluate(
                task.Name, TextOf(task, split), vocabulary, spec.Training.InputLength, corruption, EvaluationSeed))
            : TokenizedExamples.Encode(task.Name, TextOf(task, split), vocabulary, spec.Training.InputLength, spec.Training.TargetLength);

    /// <summary>The text of a split that is evaluated.</summary>
    public static IReadOnlyList<TextExample> TextOf(TaskData task, string split) => split switch
    {
        "validation" => task.Validation,
        "test" => task.Test,
        _ => throw new ArgumentException($"'{split}' is not a split that is evaluated. Ask for validation or test.", nameof(split)),
    };

    /// <summary>What is wrong with the lengths and the vocabulary of a run for the span corruption of its tasks; rows are made only where nothing is.</summary>
    public static IReadOnlyList<SpecError> Check(RunSpec spec, IVocabulary vocabulary)
    {
        var errors = new List<SpecError>();
        foreach (var (name, task) in spec.Tasks.Where(pair => pair.Value.SpanCorruption is not null))
        {
            if (spec.Training.InputLength <= SpanLengths.MinTokens)
            {
                errors.Add(new SpecError(
                    "training.input_length",
                    $"Inputs of {spec.Training.InputLength} tokens have no room for a token, a sentinel and the end of sequence, which the span corruption of {name} needs. Write at least {SpanLengths.MinTokens + 1}."));
                continue;
            }

            var longest = SpanLengths.Fitting(spec.Training.InputLength, task.SpanCorruption!);
            if (longest.Targets > spec.Training.TargetLength)
            {
                errors.Add(new SpecError(
                    "training.target_length",
                    $"The span corruption of {name} makes targets of {longest.Targets} tokens from inputs of {longest.Inputs}, and {spec.Training.TargetLength} are allowed. Write at least {longest.Targets}, or a shorter training.input_length."));
            }

            if (longest.Spans > vocabulary.SentinelCount)
            {
                errors.Add(new SpecError(
                    $"tasks.{name}.span_corruption",
                    $"Inputs of {longest.Inputs} tokens have {longest.Spans} hidden spans, each with a sentinel of its own, and the vocabulary has {vocabulary.SentinelCount}{MoreSentinels(spec, vocabulary, longest.Spans)}"));
            }
        }

        return errors;
    }

    /// <summary>The end of a sentence on too few sentinels, and what helps: more of them only where there can be more.</summary>
    private static string MoreSentinels(RunSpec spec, IVocabulary vocabulary, int needed)
    {
        const string FewerSpans = "a shorter training.input_length, or a longer mean_span";
        var most = Math.Min(vocabulary.MaxSentinels, VocabularySpec.MaxExtraIds);
        if (needed <= most)
        {
            return $". Write vocabulary.extra_ids: {needed} or more, {FewerSpans}.";
        }

        return vocabulary switch
        {
            // A model to start from was trained with its own sentinels.
            ByteVocabulary when most < VocabularySpec.MaxExtraIds && needed <= VocabularySpec.MaxExtraIds && spec.Model.References.Count == 0 =>
                $"; on the last bytes there can be {most} at most. Write vocabulary.sentinels: above with extra_ids: {needed} or more, {FewerSpans}.",
            ByteVocabulary when most < VocabularySpec.MaxExtraIds => $"; on the last bytes there can be {most} at most. Write {FewerSpans}.",
            _ when most < VocabularySpec.MaxExtraIds => $", those that its file brings: more cannot be added. Write {FewerSpans}.",
            _ => $"; more than {most} cannot be asked for. Write {FewerSpans}.",
        };
    }

    private static CorruptedText LongEnough(string task, string split, IReadOnlyList<TextExample> documents, CorruptedText text) =>
        text.Count > 0 || documents.Count == 0
            ? text
            : throw new SpecException([new SpecError(
                $"tasks.{task}.{split}",
                $"The text is shorter than {SpanLengths.MinTokens} tokens, too short to hide a part of it. Give more text.")]);
}
