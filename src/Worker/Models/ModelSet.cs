using Temper.Contracts.Agents;
using Temper.Contracts.Specs;
using Temper.Mixture.Vocabularies;
using Temper.Planning.Models;
using Temper.Worker.Decoding;
using Temper.Worker.Devices;
using Temper.Worker.Model;

namespace Temper.Worker.Models;

/// <summary>The models that answer together, as they lie on disk: one, or the members of an ensemble; and the vocabulary that they share.</summary>
public sealed class ModelSet
{
    private readonly ModelFolder _described;
    private readonly bool _isEnsemble;

    private ModelSet(IReadOnlyList<ModelFolder> members, bool isEnsemble, ModelFolder described, ComputedWith? computed)
    {
        Computed = computed;
        ModelFolder.CheckShareVocabulary(members, described);
        Members = members;
        _isEnsemble = isEnsemble;
        _described = described;
    }

    /// <summary>The models.</summary>
    public IReadOnlyList<ModelFolder> Members { get; }

    /// <summary>Text to ids; null where no folder has it.</summary>
    public IVocabulary? Vocabulary => _described.Vocabulary;

    /// <summary>What to do where <see cref="Vocabulary"/> is null.</summary>
    public string VocabularyRemedy => FolderVocabulary.Remedy(Members[0].Folders[0]);

    /// <summary>How the run that left this computed; null where no run says, or the models' runs differ.</summary>
    public ComputedWith? Computed { get; }

    /// <summary>The number of logits at each position.</summary>
    public int VocabularySize => Members[0].Config.VocabularySize;

    /// <summary>What to call it in messages.</summary>
    public string Name => string.Join(", ", Members.Select(member => member.Name));

    /// <summary>What <paramref name="folders"/> hold: a model or an ensemble if it is one; an ensemble of several models if there are more.</summary>
    /// <exception cref="InvalidDataException">A folder holds neither, an ensemble is among several, or the vocabularies differ.</exception>
    public static ModelSet Open(IReadOnlyList<string> folders)
    {
        if (folders is not [var folder] || !EnsembleFile.IsIn(folder))
        {
            var models = folders.Select(ModelFolder.Open).ToList();
            return new ModelSet(models, isEnsemble: models.Count > 1, models.Find(model => model.Vocabulary is not null) ?? models[0], Common(models));
        }

        var (combine, names) = EnsembleFile.Read(folder);
        var members = combine == Combination.Weights ? [ModelFolder.OpenAverage(names)] : names.Select(ModelFolder.Open).ToList();
        var described = members.Find(member => member.Vocabulary is not null) ?? members[0];
        return new ModelSet(members, isEnsemble: combine == Combination.Logits, described.WithVocabularyIn(folder), ComputedWith.Find(folder) ?? Common(members));
    }

    /// <summary>What a run evaluates.</summary>
    /// <exception cref="InvalidDataException">The models do not fit the run or each other.</exception>
    public static ModelSet ForRun(TrainerAssignment assignment)
    {
        var run = ModelFolder.ForRun(assignment);
        return assignment.Spec.Model.IsEnsemble
            ? new ModelSet([.. assignment.ModelFolders.Select(ModelFolder.Open)], isEnsemble: true, run, run.Computed)
            : new ModelSet([run], isEnsemble: false, run, run.Computed);
    }

    /// <summary>The model, or the ensemble of all; without room for gradients.</summary>
    /// <param name="precision">Number format of matrix products; fp32 or bf16.</param>
    /// <param name="device">Where to compute; the processor if null.</param>
    public IPredictor Load(Precision precision = Precision.Fp32, ComputeDevice? device = null)
    {
        var models = Members.Select(member => member.LoadModel(precision, device: device)).ToList();
        return _isEnsemble ? new Ensemble(models) : models[0];
    }

    /// <summary>Writes a model as a model folder, an ensemble as a folder that names its members; beside, then in place of <paramref name="folder"/>.</summary>
    /// <param name="folder">Where to.</param>
    /// <param name="predictor">What <see cref="Load"/> gave.</param>
    public void Write(string folder, IPredictor predictor)
    {
        if (predictor is T5Model model)
        {
            Members[0].Write(folder, model);
            return;
        }

        WholeFolder.Write(
            folder,
            draft =>
            {
                EnsembleFile.Write(draft, Combination.Logits, [.. Members.SelectMany(member => member.Folders)], folder);
                _described.WriteDescription(draft);
            });
    }

    private static ComputedWith? Common(IReadOnlyList<ModelFolder> models) => ComputedWith.Common(models.Select(model => model.Computed));
}
