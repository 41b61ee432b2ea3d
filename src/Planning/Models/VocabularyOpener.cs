using System.Diagnostics.CodeAnalysis;
using Temper.Contracts.Specs;
using Temper.Mixture.Sources;
using Temper.Mixture.Vocabularies;

namespace Temper.Planning.Models;

/// <summary>From the spec of a vocabulary to the vocabulary.</summary>
public static class VocabularyOpener
{
    /// <summary>The vocabulary of bytes. Without a word on its sentinels they lie above, as in all that was written before there was a choice.</summary>
    public static ByteVocabulary Bytes(VocabularySpec spec) => new(spec.ExtraIds, spec.Sentinels ?? SentinelPlace.Above);

    /// <summary>Opens it; a file is looked for below the data roots only.</summary>
    /// <param name="spec">Which vocabulary.</param>
    /// <param name="dataRoots">Folders that relative files lie under.</param>
    /// <param name="vocabulary">The vocabulary.</param>
    /// <param name="problem">What is wrong and what would be right, when there is none.</param>
    public static bool TryOpen(VocabularySpec spec, IReadOnlyList<string> dataRoots, [NotNullWhen(true)] out IVocabulary? vocabulary, [NotNullWhen(false)] out string? problem)
    {
        (vocabulary, problem) = (null, null);
        if (spec.Kind == VocabularyKind.Bytes)
        {
            if (spec.File is not null)
            {
                problem = "The vocabulary bytes has no file. Leave file out, or write kind: sentencepiece.";
                return false;
            }

            vocabulary = Bytes(spec);
            return true;
        }

        if (spec.Sentinels is not null)
        {
            problem = "The place of sentinels counts only for kind: bytes. Leave sentinels out.";
            return false;
        }

        if (spec.File is null)
        {
            problem = "A sentencepiece vocabulary needs its model file. Write file: with a path below the data root.";
            return false;
        }

        if (!new DataRoots(dataRoots).TryFind(spec.File, out var file, out problem))
        {
            return false;
        }

        try
        {
            vocabulary = SentencePieceVocabulary.Load(file.FullPath, spec.ExtraIds);
            return true;
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            problem = e.Message;
            return false;
        }
    }
}
