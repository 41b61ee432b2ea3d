using System.Text.Json;
using Temper.Contracts.Models;
using Temper.Contracts.Runs;
using Temper.Contracts.Specs;
using Temper.Mixture;
using Temper.Mixture.Sources;
using Temper.Mixture.Tasks;
using Temper.Mixture.Vocabularies;
using Temper.Planning.Reading;

namespace Temper.Planning.Models;

/// <summary>From the spec of a model to its shape and the places that its weights come from.</summary>
public static class ModelResolver
{
    /// <summary>The shape: a size by name with single dimensions replaced, or that of the models to start from.</summary>
    /// <param name="spec">The model.</param>
    /// <param name="vocabulary">The run's vocabulary; the embedding is rounded up from its size.</param>
    /// <param name="context">Where folders and runs are looked for.</param>
    /// <param name="errors">Receives what is wrong.</param>
    /// <returns>Null if something is wrong.</returns>
    public static ResolvedModel? Resolve(ModelSpec spec, IVocabulary vocabulary, PlanningContext context, ICollection<SpecError> errors)
    {
        if (spec.References.Count == 0)
        {
            if (spec.Members is not null)
            {
                errors.Add(new SpecError("model.members", "The list is empty. Name at least one model, or leave members out."));
            }

            return ByName(spec, vocabulary, errors) is { } named ? new ResolvedModel(named, [named], []) : null;
        }

        CheckShapeIsFree(spec, errors);
        var found = new List<(T5Config Config, ModelOrigin Origin)>();
        foreach (var (i, reference) in spec.References.Index())
        {
            var path = spec.Members is null ? "model.init_from" : $"model.members[{i}]";
            if (Origin(reference, path, vocabulary, context, errors) is { } origin)
            {
                found.Add((origin.Config with { Dropout = spec.Dropout }, origin.Origin));
            }
        }

        if (found.Count < spec.References.Count)
        {
            return null;
        }

        CheckAreOfOneShape(spec, [.. found.Select(member => member.Config)], errors);
        return new ResolvedModel(found[0].Config, [.. found.Select(member => member.Config)], [.. found.Select(member => member.Origin)]);
    }

    /// <summary>
    /// The vocabulary of <paramref name="spec"/> with the place of its sentinels, where it leaves that open: that of the model to start from, or
    /// that of the published models of its size.
    /// </summary>
    public static VocabularySpec Vocabulary(RunSpec spec, PlanningContext context)
    {
        if (spec.Vocabulary is not { Kind: VocabularyKind.Bytes, Sentinels: null })
        {
            return spec.Vocabulary;
        }

        var place = spec.Model.References.Count == 0
            ? spec.Model.Size.StartsWith("byt5-", StringComparison.Ordinal) ? SentinelPlace.LastBytes : SentinelPlace.Above
            : spec.Model.References.Select(reference => OriginVocabulary(reference, context)?.Sentinels).FirstOrDefault(place => place is not null);
        return place == SentinelPlace.LastBytes ? spec.Vocabulary with { Sentinels = place } : spec.Vocabulary;
    }

    /// <summary>The shape of a model that starts from random weights.</summary>
    public static T5Config? ByName(ModelSpec spec, IVocabulary vocabulary, ICollection<SpecError> errors)
    {
        if (!T5Sizes.Names.Contains(spec.Size))
        {
            errors.Add(new SpecError("model.size", $"There is no size '{spec.Size}'.{Suggestion.For(spec.Size, T5Sizes.Names)} Write one of {string.Join(", ", T5Sizes.Names)}."));
            return null;
        }

        if (spec.Family is not null && spec.Size is not ("tiny" or "mini"))
        {
            errors.Add(new SpecError("model.family", $"The size {spec.Size} implies its family. Leave family out, or write size: tiny or mini."));
        }

        var named = T5Sizes.Get(spec.Size, spec.Family ?? ModelFamily.V1_1);
        return Checked(named with
        {
            VocabularySize = T5Config.PaddedVocabulary(vocabulary.Size),
            ModelSize = spec.DModel ?? named.ModelSize,
            HiddenSize = spec.DFf ?? named.HiddenSize,
            HeadSize = spec.DKv ?? named.HeadSize,
            Heads = spec.Heads ?? named.Heads,
            EncoderLayers = spec.Layers ?? named.EncoderLayers,
            DecoderLayers = spec.DecoderLayers ?? spec.Layers ?? named.DecoderLayers,
            Dropout = spec.Dropout,
        }, "model", errors);
    }

    private static void CheckShapeIsFree(ModelSpec spec, ICollection<SpecError> errors)
    {
        if (spec.InitFrom is not null && spec.Members is not null)
        {
            errors.Add(new SpecError("model.members", "There is init_from too. Name one model there, or several here."));
        }

        foreach (var (key, given) in new (string, object?)[] { ("family", spec.Family), ("d_model", spec.DModel), ("d_ff", spec.DFf), ("d_kv", spec.DKv), ("heads", spec.Heads), ("layers", spec.Layers), ("decoder_layers", spec.DecoderLayers) })
        {
            if (given is not null)
            {
                errors.Add(new SpecError($"model.{key}", "The model to start from has its own shape. Leave this out, or leave init_from out."));
            }
        }
    }

    private static void CheckAreOfOneShape(ModelSpec spec, IReadOnlyList<T5Config> members, ICollection<SpecError> errors)
    {
        for (var i = 1; i < members.Count; i++)
        {
            if (spec.Combine == Combination.Weights && members[i] != members[0])
            {
                errors.Add(new SpecError($"model.members[{i}]", $"{spec.Members![i]} has another shape than {spec.Members[0]}, so their weights cannot be averaged. Write combine: logits, or name models of one shape."));
            }
            else if (members[i].VocabularySize != members[0].VocabularySize)
            {
                errors.Add(new SpecError($"model.members[{i}]", $"{spec.Members![i]} has {members[i].VocabularySize} logits at each position, {spec.Members[0]} has {members[0].VocabularySize}. Name models with the same vocabulary."));
            }
        }
    }

    private static (T5Config Config, ModelOrigin Origin)? Origin(string reference, string path, IVocabulary vocabulary, PlanningContext context, ICollection<SpecError> errors) =>
        reference.StartsWith(ModelSpec.RunPrefix, StringComparison.Ordinal)
            ? FromRun(reference[ModelSpec.RunPrefix.Length..], path, vocabulary, context, errors)
            : FromFolder(reference, path, vocabulary, context, errors);

    private static (T5Config, ModelOrigin)? FromRun(string id, string path, IVocabulary vocabulary, PlanningContext context, ICollection<SpecError> errors)
    {
        if (context.FindRun?.Invoke(id) is not { } run)
        {
            errors.Add(new SpecError(path, $"There is no run '{id}' here. Write run: and the id of a run, which `temper list` shows, or a model's folder."));
            return null;
        }

        if (run.Phase is RunPhase.Failed or RunPhase.Cancelled)
        {
            errors.Add(new SpecError(path, $"Run {id} has {(run.Phase == RunPhase.Failed ? "failed" : "been cancelled")}, so it leaves no model. Name another one."));
            return null;
        }

        if (run.Spec.Model.IsEnsemble)
        {
            errors.Add(new SpecError(path, $"Run {id} is an ensemble itself. Name its members: {string.Join(", ", run.Spec.Model.Members!)}."));
            return null;
        }

        // What is wrong with that run's spec now was right when it was accepted: its files may be gone, and only the shape is asked for.
        var problems = new List<SpecError>();
        if (!VocabularyOpener.TryOpen(run.Spec.Vocabulary, run.DataRoots, out var trained, out var problem))
        {
            errors.Add(new SpecError(path, $"The vocabulary of run {id} cannot be read: {problem}"));
            return null;
        }

        if (trained.ContentHash != vocabulary.ContentHash)
        {
            errors.Add(OtherVocabulary($"run {id}", run.Spec.Vocabulary));
        }

        var own = Resolve(run.Spec.Model, trained, context with { DataRoots = run.DataRoots }, problems);
        if (own is null)
        {
            errors.Add(new SpecError(path, $"The shape of run {id}'s model is not known: {string.Join(' ', problems.Select(error => error.Message))}"));
            return null;
        }

        return (own.Config, new ModelOrigin(id, Path.Combine(run.OutputDirectory, OriginRun.ModelDirectory)));
    }

    /// <summary>What is known of the vocabulary of a model to start from; what is wrong with that model is said elsewhere.</summary>
    private static VocabularySpec? OriginVocabulary(string reference, PlanningContext context)
    {
        if (reference.StartsWith(ModelSpec.RunPrefix, StringComparison.Ordinal))
        {
            return context.FindRun?.Invoke(reference[ModelSpec.RunPrefix.Length..])?.Spec.Vocabulary;
        }

        try
        {
            return new DataRoots(context.DataRoots).TryFind(Path.Combine(reference, T5Files.Config), out var file, out _)
                ? FolderVocabulary.Find(Path.GetDirectoryName(file.FullPath)!)?.Spec
                : null;
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    private static (T5Config, ModelOrigin)? FromFolder(string reference, string path, IVocabulary vocabulary, PlanningContext context, ICollection<SpecError> errors)
    {
        var roots = new DataRoots(context.DataRoots);
        if (roots.TryFind(Path.Combine(reference, EnsembleFile.Name), out _, out _))
        {
            errors.Add(new SpecError(path, $"{reference} is an ensemble. Name the members that its {EnsembleFile.Name} lists, as model.members."));
            return null;
        }

        if (!roots.TryFind(Path.Combine(reference, T5Files.Config), out var file, out var problem))
        {
            errors.Add(new SpecError(path, $"{problem} A model folder holds {T5Files.Config} and {T5Files.SingleFile}."));
            return null;
        }

        var folder = Path.GetDirectoryName(file.FullPath)!;
        try
        {
            T5Files.Weights(folder);
            var config = T5Files.ReadConfig(folder);
            if (FolderVocabulary.Find(folder) is { } trained && trained.Vocabulary.ContentHash != vocabulary.ContentHash)
            {
                errors.Add(OtherVocabulary($"the model in {reference}", trained.Spec));
            }

            if (config.VocabularySize < vocabulary.Size)
            {
                errors.Add(new SpecError(path, $"The model has {config.VocabularySize} embeddings, the vocabulary {vocabulary.Size} ids. Give the vocabulary that {reference} was trained with."));
                return null;
            }

            return Checked(config, path, errors) is null ? null : (config, new ModelOrigin(null, folder));
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException or FormatException or JsonException)
        {
            errors.Add(new SpecError(path, $"The model there cannot be used: {e.Message}"));
            return null;
        }
    }

    private static SpecError OtherVocabulary(string whose, VocabularySpec spec) =>
        new("vocabulary", $"{char.ToUpperInvariant(whose[0])}{whose[1..]} was trained with another vocabulary (kind {SpecBinder.EnumKey(spec.Kind.ToString())}, extra_ids {spec.ExtraIds}{(spec.Sentinels is { } place ? $", sentinels {SpecBinder.EnumKey(place.ToString())}" : "")}). Write the same one here.");

    private static T5Config? Checked(T5Config config, string path, ICollection<SpecError> errors)
    {
        var problems = config.Problems();
        foreach (var problem in problems)
        {
            errors.Add(new SpecError(path, problem));
        }

        return problems.Count == 0 ? config : null;
    }
}
