using Temper.Contracts.Agents;
using Temper.Contracts.Models;
using Temper.Contracts.Specs;
using Temper.Mixture.Tasks;
using Temper.Mixture.Vocabularies;
using Temper.Planning.Models;
using Temper.Worker.Devices;
using Temper.Worker.Model;
using Temper.Worker.SafeTensors;

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

    private ModelFolder(
        string name, T5Config config, IReadOnlyList<string> folders, IVocabulary? vocabulary, VocabularySpec? vocabularySpec, string? sentencePiece, ComputedWith? computed)
    {
        Name = name;
        Config = config;
        Folders = folders;
        Vocabulary = vocabulary;
        _vocabularySpec = vocabularySpec;
        _sentencePiece = sentencePiece;
        Computed = computed;
    }

    /// <summary>What to call it in messages.</summary>
    public string Name { get; }

    /// <summary>The shape.</summary>
    public T5Config Config { get; }

    /// <summary>Where the weights lie: nowhere for a model that starts from random ones; in several places for the average of several models.</summary>
    public IReadOnlyList<string> Folders { get; }

    /// <summary>Text to ids; null where the folder has none.</summary>
    public IVocabulary? Vocabulary { get; }

    /// <summary>How its run computed, or computes; null where no run says.</summary>
    public ComputedWith? Computed { get; }

    /// <summary>What a run starts from: random weights, those of one model, or the average of several.</summary>
    /// <exception cref="SpecException">The spec does not fit the files that are there.</exception>
    /// <exception cref="InvalidDataException">The models to start from do not fit the spec or each other.</exception>
    public static ModelFolder ForRun(TrainerAssignment assignment)
    {
        var (spec, roots) = (assignment.Spec, assignment.DataRoots);
        if (assignment.ModelFolders.Count != spec.Model.References.Count)
        {
            throw new InvalidDataException($"The run starts from {spec.Model.References.Count} models, and the coordinator told where {assignment.ModelFolders.Count} lie. Coordinator and agents must be of one version.");
        }

        if (!VocabularyOpener.TryOpen(spec.Vocabulary, roots, out var vocabulary, out var problem))
        {
            throw new SpecException([new SpecError("vocabulary.file", problem)]);
        }

        var errors = new List<SpecError>();
        var models = assignment.ModelFolders.Select(Open).ToList();
        var config = models.Count > 0
            ? models[0].Config with { Dropout = spec.Model.Dropout }
            : ModelResolver.ByName(spec.Model, vocabulary, errors) ?? throw new SpecException(errors);
        new Temper.Mixture.Sources.DataRoots(roots).TryFind(spec.Vocabulary.File ?? "", out var file, out _);
        var run = new ModelFolder("the run's spec", config, assignment.ModelFolders, vocabulary, spec.Vocabulary with { File = null }, file?.FullPath, new ComputedWith(assignment.Precision, spec.Threads));
        CheckShareVocabulary(models, run);
        if (!spec.Model.IsEnsemble)
        {
            CheckAreOfOneShape(models);
        }

        return run;
    }

    /// <summary>A model on disk.</summary>
    /// <exception cref="InvalidDataException">The folder does not hold a model; says what is missing.</exception>
    public static ModelFolder Open(string folder)
    {
        if (EnsembleFile.IsIn(folder))
        {
            throw new InvalidDataException($"{folder} is an ensemble and has no weights of its own. Name its members in its place: {string.Join(", ", EnsembleFile.Read(folder).Members)}.");
        }

        if (!File.Exists(Path.Combine(folder, "config.json")))
        {
            throw new InvalidDataException($"{folder} is no model: it has no config.json. Give the folder 'model' of a finished run, or one in Hugging Face's layout.");
        }

        T5Files.Weights(folder);
        var config = T5Files.ReadConfig(folder);
        var found = FolderVocabulary.Find(folder);
        return new ModelFolder(folder, config, [folder], found?.Vocabulary, found?.Spec, found?.File, ComputedWith.Find(folder));
    }

    /// <summary>The model whose weights are the uniform average of those in <paramref name="folders"/>.</summary>
    /// <exception cref="InvalidDataException">A folder holds no model, or shapes or vocabularies differ; names two that do.</exception>
    public static ModelFolder OpenAverage(IReadOnlyList<string> folders)
    {
        var models = folders.Select(Open).ToList();
        CheckShareVocabulary(models);
        CheckAreOfOneShape(models);
        var described = models.Find(model => model.Vocabulary is not null) ?? models[0];
        return new ModelFolder($"the average of {string.Join(", ", folders)}", models[0].Config, folders, described.Vocabulary, described._vocabularySpec, described._sentencePiece, ComputedWith.Common(models.Select(model => model.Computed)));
    }

    /// <summary>The model, ready to train: with the folders' weights, or, without a folder, with random ones.</summary>
    public T5Model CreateModel(RunSpec spec, Precision precision, ComputeDevice device) =>
        Folders.Count == 0
            ? new T5Model(Config, precision, new T5Initialization(spec.Seed, SpecDefaults.EmbeddingStd(spec)), device.TorchDevice)
            : LoadModel(precision, trainable: true, device);

    /// <summary>The model with the folders' weights.</summary>
    /// <param name="precision">Number format of matrix products; fp32 or bf16.</param>
    /// <param name="trainable">Whether there is room for gradients.</param>
    /// <param name="device">Where to compute; the processor if null.</param>
    /// <exception cref="NonFiniteException">A weight is not finite.</exception>
    public T5Model LoadModel(Precision precision = Precision.Fp32, bool trainable = false, ComputeDevice? device = null)
    {
        var model = new T5Model(Config, precision, device?.TorchDevice, trainable);
        try
        {
            WeightAverage.Load(Folders, model);
            FiniteWeights.Check(model, Name);
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Writes <paramref name="model"/> and its vocabulary beside, then in place of <paramref name="folder"/>.</summary>
    public void Write(string folder, T5Model model) => WholeFolder.Write(folder, draft => WriteInto(draft, model));

    /// <summary>Writes <paramref name="model"/> and its vocabulary as files of <paramref name="folder"/>, which is made if need be.</summary>
    public void WriteInto(string folder, T5Model model)
    {
        T5Folder.Save(folder, model);
        WriteDescription(folder);
    }

    /// <summary>Writes the vocabulary and how the run computed as files of <paramref name="folder"/>, as far as they are known.</summary>
    internal void WriteDescription(string folder)
    {
        Computed?.Write(folder);
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

    /// <summary>The same model with the vocabulary in <paramref name="folder"/>, if there is one.</summary>
    internal ModelFolder WithVocabularyIn(string folder) => FolderVocabulary.Find(folder) is { } found
        ? new ModelFolder(folder, Config, Folders, found.Vocabulary, found.Spec, found.File, Computed)
        : this;

    /// <summary>Refuses models whose ids do not mean the same. One that lies there without its vocabulary is taken to fit, if its number of logits does.</summary>
    /// <param name="models">The models.</param>
    /// <param name="described">What says which vocabulary it should be; null if nothing does.</param>
    /// <exception cref="InvalidDataException">Names two that differ.</exception>
    internal static void CheckShareVocabulary(IReadOnlyList<ModelFolder> models, ModelFolder? described = null)
    {
        foreach (var model in models.Skip(1).Where(model => model.Config.VocabularySize != models[0].Config.VocabularySize))
        {
            throw new InvalidDataException($"{model.Name} has {model.Config.VocabularySize} logits at each position, {models[0].Name} has {models[0].Config.VocabularySize}. Name models with the same vocabulary.");
        }

        var known = models.Prepend(described).OfType<ModelFolder>().Where(model => model.Vocabulary is not null).ToList();
        foreach (var model in known.Skip(1).Where(model => model.Vocabulary!.ContentHash != known[0].Vocabulary!.ContentHash))
        {
            throw new InvalidDataException($"{model.Name} was trained with another vocabulary than {known[0].Name}: the same id is another word to each. Name models with the same vocabulary.");
        }
    }

    private static void CheckAreOfOneShape(List<ModelFolder> models)
    {
        foreach (var model in models.Skip(1).Where(model => model.Config with { Dropout = models[0].Config.Dropout } != models[0].Config))
        {
            throw new InvalidDataException($"{model.Name} has another shape than {models[0].Name}, so their weights have no average. Combine their logits, or name models of one shape.");
        }
    }
}
