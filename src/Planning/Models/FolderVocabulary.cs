using System.Text.Json;
using System.Text.Json.Nodes;
using Temper.Contracts.Agents;
using Temper.Contracts.Specs;
using Temper.Mixture.Vocabularies;

namespace Temper.Planning.Models;

/// <summary>
/// The vocabulary that lies beside a model: described by <c>vocabulary.json</c>, as Temper writes it, or in a folder from elsewhere by its
/// <c>spiece.model</c>, or by naming ByT5's tokenizer, which needs no file.
/// </summary>
/// <param name="Spec">Which vocabulary.</param>
/// <param name="File">The SentencePiece model; null for bytes.</param>
/// <param name="Vocabulary">Text to ids.</param>
public sealed record FolderVocabulary(VocabularySpec Spec, string? File, IVocabulary Vocabulary)
{
    /// <summary>Name of the description.</summary>
    public const string DescriptionFile = "vocabulary.json";

    /// <summary>Name of the SentencePiece model.</summary>
    public const string SentencePieceFile = "spiece.model";

    private const string TokenizerConfig = "tokenizer_config.json";
    private const string Tokenizer = "tokenizer.json";
    private const string ByT5 = "ByT5Tokenizer";

    /// <summary>The vocabulary of <paramref name="folder"/>; null where it has none.</summary>
    /// <exception cref="InvalidDataException">A file is there but is no vocabulary.</exception>
    public static FolderVocabulary? Find(string folder)
    {
        var pieces = Path.Combine(folder, SentencePieceFile);
        return Describe(folder, pieces) switch
        {
            null => null,
            { Kind: VocabularyKind.Bytes } spec => new FolderVocabulary(spec, null, VocabularyOpener.Bytes(spec)),
            var spec => new FolderVocabulary(spec, pieces, SentencePieceVocabulary.Load(pieces, spec.ExtraIds)),
        };
    }

    /// <summary>What to do for a folder without a vocabulary: a sentence or two.</summary>
    public static string Remedy(string folder) => System.IO.File.Exists(Path.Combine(folder, Tokenizer))
        ? $"Its {Tokenizer} is not read: put the SentencePiece model that it was made from into the folder, as {SentencePieceFile}."
        : $"Put the vocabulary's {SentencePieceFile} into the folder.";

    private static VocabularySpec? Describe(string folder, string pieces)
    {
        var description = Path.Combine(folder, DescriptionFile);
        if (System.IO.File.Exists(description))
        {
            return ProtocolJson.Read<VocabularySpec>(System.IO.File.ReadAllText(description));
        }

        var tokenizer = Keys(Path.Combine(folder, TokenizerConfig));
        if (System.IO.File.Exists(pieces))
        {
            var described = tokenizer?["extra_ids"] is JsonValue value && value.TryGetValue<int>(out var count) && count >= 0 ? count : (int?)null;
            return described is { } extraIds ? new VocabularySpec(VocabularyKind.Sentencepiece, ExtraIds: extraIds) : new VocabularySpec(VocabularyKind.Sentencepiece);
        }

        return IsByT5(tokenizer) || IsByT5(Keys(Path.Combine(folder, T5Files.Config)))
            ? new VocabularySpec(Sentinels: SentinelPlace.LastBytes)
            : null;
    }

    private static bool IsByT5(JsonObject? keys) => keys?["tokenizer_class"] is JsonValue value && value.TryGetValue<string>(out var name) && name == ByT5;

    private static JsonObject? Keys(string path)
    {
        try
        {
            return System.IO.File.Exists(path) ? JsonNode.Parse(System.IO.File.ReadAllText(path)) as JsonObject : null;
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"'{path}' is not JSON: {e.Message}", e);
        }
    }
}
