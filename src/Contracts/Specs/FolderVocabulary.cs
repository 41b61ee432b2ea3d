using Temper.Contracts.Agents;
using Temper.Mixture.Vocabularies;

namespace Temper.Contracts.Specs;

/// <summary>
/// The vocabulary that lies beside a model: described by <c>vocabulary.json</c>, as Temper writes it, or by the <c>spiece.model</c> that
/// folders from elsewhere usually carry.
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

    /// <summary>The vocabulary of <paramref name="folder"/>; null where it has none.</summary>
    /// <exception cref="InvalidDataException">A file is there but is no vocabulary.</exception>
    public static FolderVocabulary? Find(string folder)
    {
        var (description, pieces) = (Path.Combine(folder, DescriptionFile), Path.Combine(folder, SentencePieceFile));
        var spec = System.IO.File.Exists(description) ? ProtocolJson.Read<VocabularySpec>(System.IO.File.ReadAllText(description))
            : System.IO.File.Exists(pieces) ? new VocabularySpec(VocabularyKind.Sentencepiece)
            : null;
        return spec switch
        {
            null => null,
            { Kind: VocabularyKind.Bytes } => new FolderVocabulary(spec, null, new ByteVocabulary(spec.ExtraIds)),
            _ => new FolderVocabulary(spec, pieces, SentencePieceVocabulary.Load(pieces, spec.ExtraIds)),
        };
    }
}
