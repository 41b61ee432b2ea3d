using Temper.Contracts.Agents;
using Temper.Contracts.Specs;
using Temper.Planning.Models;
using Temper.Planning.Tasks;
using Temper.Worker.Checkpoints;
using Temper.Worker.Collectives;
using Temper.Worker.Devices;
using Temper.Worker.Evaluation;
using Temper.Worker.Model;
using Temper.Worker.Models;
using Temper.Worker.Protocol;
using Temper.Worker.SafeTensors;
using static TorchSharp.torch;

namespace Temper.Worker.Training;

/// <summary>
/// One rank of a run without steps: evaluates the model or the ensemble that it starts from, and exports it. There is neither an optimizer
/// nor room for gradients, and nothing to save: a run that was stopped starts again.
/// </summary>
/// <param name="assignment">What to evaluate.</param>
/// <param name="channel">Where to tell of it.</param>
/// <param name="device">What to compute on.</param>
internal sealed class ModelEvaluation(TrainerAssignment assignment, TrainerChannel channel, ComputeDevice device) : IRankWork
{
    private readonly RunSpec _spec = assignment.Spec;
    private IReadOnlyList<(string Folder, string Hash)> _hashes = [];
    private readonly EpochFence _fence = new(assignment.OutputDirectory, assignment.RunId, assignment.Epoch);
    private TaskSet _tasks = null!;
    private ModelSet _models = null!;
    private IPredictor _predictor = null!;

    public void Load()
    {
        set_num_threads(_spec.Threads);
        if (assignment.Rank == 0)
        {
            _fence.Raise();
            ModelDraft.DeleteAll(assignment.OutputDirectory, assignment.Epoch);
        }

        _models = ModelSet.ForRun(assignment);
        _tasks = TaskSet.Load(_spec, assignment.DataRoots, _models.Vocabulary!, channel.Progressed);
        _predictor = _models.Load(assignment.Precision, device);
        channel.Progressed();
        if (assignment.WorldSize > 1)
        {
            _hashes = [.. assignment.ModelFolders.Select(Hash)];
        }
    }

    public void Run(ICollective collective)
    {
        Agreement.OnData(collective, _tasks, _models.Vocabulary!, "");
        Agreement.OnModels(collective, _hashes);
        channel.Send(new TrainerEvent.Started(0, _predictor.ParameterCount, _spec.Threads, _tasks.ContentHash));
        if (!new Evaluator(_predictor, _tasks, _models.Vocabulary!, _spec, collective, channel).Run(0, final: true))
        {
            channel.Send(new TrainerEvent.Stopped(0));
            return;
        }

        if (assignment.Rank == 0)
        {
            _fence.Check();
            _models.Write(Path.Combine(assignment.OutputDirectory, ModelDraft.NameOf(assignment.Epoch)), _predictor);
        }

        channel.Send(new TrainerEvent.Finished(0, ModelDraft.NameOf(assignment.Epoch)));
    }

    public void Dispose() => _predictor?.Dispose();

    private (string Folder, string Hash) Hash(string folder)
    {
        var hash = T5Folder.ContentHash(folder);
        channel.Progressed();
        return (folder, hash);
    }
}
