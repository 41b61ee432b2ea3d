using Temper.Contracts.Agents;
using Temper.Contracts.Models;
using Temper.Contracts.Specs;
using Temper.Mixture.Tasks;
using Temper.Mixture.Vocabularies;
using Temper.Worker.Checkpoints.SafeTensors;
using Temper.Worker.Model;

namespace Temper.Worker.Models;

/// <summary>
/// A model with what is needed to use it: the weights in Hugging Face's layout, and beside them the vocabulary they were trained with
/// (<c>vocabulary.json</c>, and <c>spiece.model</c> for SentencePiece). A folder from elsewhere may lack the vocabulary; then it is found
/// by what such folders usually carry, or ids must be given.
/// </summary>
public sealed class ModelFolder
{
    private readonly VocabularySpec? _vocabularySpec;
    private readonly string? _sentencePiece;

    private ModelFolder(T5Config config, string? folder, IVocabulary? vocabulary, VocabularySpec? vocabularySpec, string? sentencePiece)
    {
        Config = config;
        Folder = folder;
        Vocabulary = vocabulary;
        _vocabularySpec = vocabularySpec;
        _sentencePiece = sentencePiece;
    }

    /// <summary>The shape.</summary>
    public T5Config Config { get; }

    /// <summary>Where the weights lie; null for a model that starts from random weights.</summary>
    public string? Folder { get; }

    /// <summary>Text to ids; null where the folder has none.</summary>
    public IVocabulary? Vocabulary { get; }

    /// <summary>What a run starts from.</summary>
    /// <exception cref="SpecException">The spec does not fit the files that are there.</exception>
    public static ModelFolder ForRun(TrainerAssignment assignment)
    {
        var (spec, roots) = (assignment.Spec, assignment.DataRoots);
        if (!VocabularyOpener.TryOpen(spec.Vocabulary, roots, out var vocabulary, out var problem))
        {
            throw new SpecException([new SpecError("vocabulary.file", problem)]);
        }

        var errors = new List<SpecError>();
        var folder = assignment.ModelFolders.Count > 0 ? assignment.ModelFolders[0] : null;
        var config = folder is null
            ? ModelResolver.ByName(spec.Model, vocabulary, errors) ?? throw new SpecException(errors)
            : T5Folder.ReadConfig(folder) with { Dropout = spec.Model.Dropout };
        new Temper.Mixture.Sources.DataRoots(roots).TryFind(spec.Vocabulary.File ?? "", out var file, out _);
        return new ModelFolder(config, folder, vocabulary, spec.Vocabulary with { File = null }, file?.FullPath);
    }

    /// <summary>A model on disk.</summary>
    /// <exception cref="InvalidDataException">The folder does not hold a model; says what is missing.</exception>
    public static ModelFolder Open(string folder)
    {
        if (!File.Exists(Path.Combine(folder, "config.json")))
        {
            throw new InvalidDataException($"{folder} is no model: it has no config.json. Give the folder 'model' of a finished run, or one in Hugging Face's layout.");
        }

        var found = FolderVocabulary.Find(folder);
        return new ModelFolder(T5Folder.ReadConfig(folder), folder, found?.Vocabulary, found?.Spec, found?.File);
    }

    /// <summary>The model: with the folder's weights, or, without a folder, with random ones.</summary>
    public T5Model CreateModel(RunSpec spec, Contracts.Specs.Precision precision)
    {
        if (Folder is null)
        {
            return new T5Model(Config, Products(precision), new T5Initialization(spec.Seed, spec.Model.EmbeddingStd));
        }

        var model = new T5Model(Config, Products(precision));
        T5Folder.Load(Folder, model);
        return model;
    }

    /// <summary>The model of a folder, in fp32.</summary>
    public T5Model LoadModel()
    {
        var model = new T5Model(Config, Model.Precision.Fp32);
        T5Folder.Load(Folder!, model);
        return model;
    }

    /// <summary>Writes <paramref name="model"/> and its vocabulary beside, then in place of <paramref name="folder"/>.</summary>
    public void Write(string folder, T5Model model)
    {
        var draft = $"{folder}.{Environment.ProcessId}.unfinished";
        WriteInto(draft, model);
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }

        Directory.Move(draft, folder);
    }

    /// <summary>Writes <paramref name="model"/> and its vocabulary as files of <paramref name="folder"/>, which is made if need be.</summary>
    public void WriteInto(string folder, T5Model model)
    {
        T5Folder.Save(folder, model);
        if (_vocabularySpec is not null)
        {
            File.WriteAllText(Path.Combine(folder, FolderVocabulary.DescriptionFile), ProtocolJson.Write(_vocabularySpec));
        }

        if (_sentencePiece is not null)
        {
            // Its contents, not its permissions: the source may be read-only.
            File.WriteAllBytes(Path.Combine(folder, FolderVocabulary.SentencePieceFile), File.ReadAllBytes(_sentencePiece));
        }
    }

    private static Model.Precision Products(Contracts.Specs.Precision precision) =>
        precision == Contracts.Specs.Precision.Bf16 ? Model.Precision.Bf16 : Model.Precision.Fp32;
}
