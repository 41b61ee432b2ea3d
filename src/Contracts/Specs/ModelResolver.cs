using Temper.Contracts.Models;
using Temper.Mixture;
using Temper.Mixture.Sources;
using Temper.Mixture.Tasks;
using Temper.Mixture.Vocabularies;

namespace Temper.Contracts.Specs;

/// <summary>From the spec of a model to its shape.</summary>
public static class ModelResolver
{
    /// <summary>The shape: a size by name with single dimensions replaced, or that of the model to start from.</summary>
    /// <param name="spec">The model.</param>
    /// <param name="vocabulary">The run's vocabulary; the embedding is rounded up from its size.</param>
    /// <param name="dataRoots">Folders that <c>init_from</c> is looked for in.</param>
    /// <param name="errors">Receives what is wrong.</param>
    /// <returns>Null if something is wrong.</returns>
    public static T5Config? Resolve(ModelSpec spec, IVocabulary vocabulary, IReadOnlyList<string> dataRoots, ICollection<SpecError> errors) =>
        spec.InitFrom is null ? ByName(spec, vocabulary, errors) : FromFolder(spec, vocabulary, dataRoots, errors);

    /// <summary>The folder of the model to start from, below a data root; null, and the problem, if it lacks a file that a model has.</summary>
    public static string? Folder(string initFrom, IReadOnlyList<string> dataRoots, out string? problem)
    {
        var roots = new DataRoots(dataRoots);
        if (!roots.TryFind(Path.Combine(initFrom, "config.json"), out var config, out problem))
        {
            return null;
        }

        if (!roots.TryFind(Path.Combine(initFrom, "model.safetensors"), out _, out problem) && !roots.TryFind(Path.Combine(initFrom, "model.safetensors.index.json"), out _, out _))
        {
            return null;
        }

        return Path.GetDirectoryName(config.FullPath);
    }

    private static T5Config? ByName(ModelSpec spec, IVocabulary vocabulary, ICollection<SpecError> errors)
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

        var named = T5Sizes.Get(spec.Size, spec.Family == ModelFamily.V1_0 ? T5Family.V10 : T5Family.V11);
        return Checked(spec, vocabulary, errors, named with
        {
            VocabularySize = T5Config.PaddedVocabulary(vocabulary.Size),
            ModelSize = spec.DModel ?? named.ModelSize,
            HiddenSize = spec.DFf ?? named.HiddenSize,
            HeadSize = spec.DKv ?? named.HeadSize,
            Heads = spec.Heads ?? named.Heads,
            EncoderLayers = spec.Layers ?? named.EncoderLayers,
            DecoderLayers = spec.DecoderLayers ?? spec.Layers ?? named.DecoderLayers,
            Dropout = spec.Dropout,
        });
    }

    private static T5Config? FromFolder(ModelSpec spec, IVocabulary vocabulary, IReadOnlyList<string> dataRoots, ICollection<SpecError> errors)
    {
        foreach (var (key, given) in new (string, object?)[] { ("family", spec.Family), ("d_model", spec.DModel), ("d_ff", spec.DFf), ("d_kv", spec.DKv), ("heads", spec.Heads), ("layers", spec.Layers), ("decoder_layers", spec.DecoderLayers) })
        {
            if (given is not null)
            {
                errors.Add(new SpecError($"model.{key}", "The model to start from has its own shape. Leave this out, or leave init_from out."));
            }
        }

        if (Folder(spec.InitFrom!, dataRoots, out var problem) is not { } folder)
        {
            errors.Add(new SpecError("model.init_from", $"{problem} A model folder holds config.json and model.safetensors."));
            return null;
        }

        try
        {
            if (FolderVocabulary.Find(folder) is { } trained && trained.Vocabulary.ContentHash != vocabulary.ContentHash)
            {
                errors.Add(new SpecError("vocabulary", $"The model in {spec.InitFrom} was trained with another vocabulary (kind {SpecBinder.EnumKey(trained.Spec.Kind.ToString())}, extra_ids {trained.Spec.ExtraIds}). Write the same one here."));
            }

            return Checked(spec, vocabulary, errors, T5ConfigJson.Parse(File.ReadAllText(Path.Combine(folder, "config.json"))) with { Dropout = spec.Dropout });
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException or FormatException or System.Text.Json.JsonException)
        {
            errors.Add(new SpecError("model.init_from", $"The model there cannot be used: {e.Message}"));
            return null;
        }
    }

    private static T5Config? Checked(ModelSpec spec, IVocabulary vocabulary, ICollection<SpecError> errors, T5Config config)
    {
        foreach (var problem in config.Problems())
        {
            errors.Add(new SpecError("model", problem));
        }

        if (config.VocabularySize < vocabulary.Size)
        {
            errors.Add(new SpecError("model.init_from", $"The model has {config.VocabularySize} embeddings, the vocabulary {vocabulary.Size} ids. Give the vocabulary that {spec.InitFrom} was trained with."));
            return null;
        }

        return config.Problems().Count == 0 ? config : null;
    }
}
