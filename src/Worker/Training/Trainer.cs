using System.Diagnostics;
using System.Text;
using Temper.Contracts.Agents;
using Temper.Contracts.Models;
using Temper.Contracts.Specs;
using Temper.Mixture.Batching;
using Temper.Mixture.Mixing;
using Temper.Planning.Models;
using Temper.Planning.Tasks;
using Temper.Worker.Checkpoints;
using Temper.Worker.Collectives;
using Temper.Worker.Devices;
using Temper.Worker.Evaluation;
using Temper.Worker.Model;
using Temper.Worker.Models;
using Temper.Worker.Optimizers;
using Temper.Worker.Protocol;
using static TorchSharp.torch;

namespace Temper.Worker.Training;

/// <summary>
/// One rank of a data-parallel run. Every rank holds the whole model, computes the gradient of its rows, sums it with the others and
/// makes the same update. All on the calling thread.
/// </summary>
/// <param name="assignment">What to train.</param>
/// <param name="channel">To its agent.</param>
/// <param name="device">What to compute on.</param>
/// <param name="time">Measures steps.</param>
public sealed class Trainer(TrainerAssignment assignment, TrainerChannel channel, ComputeDevice device, TimeProvider time) : IRankWork
{
    private readonly RunSpec _spec = assignment.Spec;
    private readonly EpochFence _fence = new(assignment.OutputDirectory, assignment.RunId, assignment.Epoch);
    private readonly LearningRateSchedule _rates = assignment.Spec.Training.LearningRates();
    private readonly CheckpointStore _checkpoints = new(Path.Combine(assignment.OutputDirectory, OptimizerFiles.CheckpointsDirectory));
    private TaskSet _tasks = null!;
    private ModelFolder _folder = null!;
    private T5Model _model = null!;
    private Optimizer _optimizer = null!;
    private BatchPlanner _planner = null!;
    private double _peakFlops;
    private int _step;
    // What the evaluation after this step has done, as task/split.
    private HashSet<string> _evaluated = [];
    private IReadOnlyList<TrainerEvent> _unstored = [];

    private bool IsFirst => assignment.Rank == 0;

    /// <inheritdoc/>
    /// <remarks>Rows, weights and, if there is one, the checkpoint to go on from.</remarks>
    public void Load()
    {
        set_num_threads(_spec.Threads);
        _folder = ModelFolder.ForRun(assignment);
        _tasks = TaskSet.Load(_spec, assignment.DataRoots, _folder.Vocabulary!, channel.Progressed);
        if (_spec.Training.Steps > 0)
        {
            // Tasks that are only evaluated have no mixture to plan from.
            _planner = _tasks.Planner(_spec);
        }

        _model = _folder.CreateModel(_spec, assignment.Precision, device);
        channel.Progressed();
        _optimizer = OptimizerFactory.Create(_spec.Training, _model.Parameters);
        _peakFlops = DevicePeak.Of(device, assignment.Precision, _spec.Threads);
        channel.Progressed();
        if (IsFirst)
        {
            // Free space first: raising the fence writes a file.
            TidyUp(() => _checkpoints.DeleteUnfinished(assignment.Epoch));
            TidyUp(() => ModelDraft.DeleteAll(assignment.OutputDirectory, assignment.Epoch));
            // On a full disk this fails; the fence is raised again with the first checkpoint, which may free space.
            TidyUp(_fence.Raise);
        }

        if (assignment.StartCheckpoint is { } name)
        {
            Resume(name);
        }
        else if (_spec.Model.CarryOptimizer)
        {
            CarryOptimizer();
        }
    }

    /// <inheritdoc/>
    /// <remarks>Trains, evaluates and exports.</remarks>
    /// <exception cref="NonFiniteException">Loss or gradient is not a number. Raised on all ranks, before the weights are touched.</exception>
    public void Run(ICollective collective)
    {
        Agreement.OnData(collective, _tasks, _folder.Vocabulary!, $"{_step} {_spec.Seed}");
        ShareWeights(collective);
        var evaluator = new Evaluator(_model, _tasks, _folder.Vocabulary!, _spec, collective, channel);
        channel.Send(new TrainerEvent.Started(_step, _model.ParameterCount, _spec.Threads, _tasks.ContentHash, _peakFlops));
        if (IsFirst)
        {
            // Events that an earlier epoch could not report.
            foreach (var word in _unstored)
            {
                channel.Send(word);
            }
        }

        // The run may have been paused before or during this evaluation.
        if (EvaluationIsDue() && !Evaluate(evaluator, final: false))
        {
            Save(collective);
            channel.Send(new TrainerEvent.Stopped(_step));
            return;
        }

        while (_step < _spec.Training.Steps)
        {
            var stop = MakeStep(collective);
            _evaluated.Clear();
            if (EvaluationIsDue() && !stop)
            {
                stop = !Evaluate(evaluator, final: false);
            }

            if (stop || _step % _spec.Training.CheckpointEvery == 0 || _step == _spec.Training.Steps)
            {
                Save(collective);
            }

            if (stop)
            {
                channel.Send(new TrainerEvent.Stopped(_step));
                return;
            }
        }

        _evaluated.Clear();
        if (!Evaluate(evaluator, final: true))
        {
            channel.Send(new TrainerEvent.Stopped(_step));
            return;
        }

        if (IsFirst)
        {
            _fence.Check();
            _folder.Write(Path.Combine(assignment.OutputDirectory, ModelDraft.NameOf(assignment.Epoch)), _model);
        }

        channel.Send(new TrainerEvent.Finished(_step, ModelDraft.NameOf(assignment.Epoch)));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _optimizer?.Dispose();
        _model?.Dispose();
    }

    private bool EvaluationIsDue() => _spec.Evaluation.Every > 0 && _step > 0 && _step % _spec.Evaluation.Every == 0 && _step < _spec.Training.Steps;

    /// <summary>One step of all ranks: the gradient of this rank's rows, its sum over the ranks, and the same update on each.</summary>
    /// <returns>Whether any rank was asked to stop.</returns>
    private bool MakeStep(ICollective collective)
    {
        var watch = new StepWatch(time);
        var plan = watch.MeasureData(() => _planner.Plan(_step + 1));
        var tally = new StepTally(_tasks.Sources.Count, collective.WorldSize);
        _model.Parameters.ZeroGradients();
        foreach (var (microBatch, rows) in plan.Ranks[assignment.Rank].Index())
        {
            var batch = watch.MeasureData(() => Batch(rows));
            var seed = Seeds.Mix((ulong)_spec.Seed, (ulong)plan.Step, (ulong)assignment.Rank, (ulong)microBatch);
            var loss = _model.AccumulateGradients(batch, 1f / plan.TargetTokens, (long)(seed >> 1), _spec.Training.ZLoss);
            tally.Add(rows, loss);
        }

        device.Synchronize();
        watch.BeginExchange();
        tally.RankSeconds[assignment.Rank] = watch.UntilExchange.TotalSeconds;
        tally.StopRequested = channel.StopRequested;
        collective.SumTensor(_model.Parameters.Gradients);
        collective.AllReduceSum(tally.Sums);
        watch.EndExchange();

        var meanLoss = tally.LossSum / plan.TargetTokens;
        if (!double.IsFinite(meanLoss))
        {
            throw NonFinite(collective, plan, $"loss is {meanLoss}", tally.NonFiniteRows);
        }

        var rate = _rates.At(plan.Step - 1);
        var norm = watch.MeasureOptimizer(() => Update(collective, plan, rate));
        _step = plan.Step;
        channel.Progressed();
        channel.Spent(watch.Spent);
        if (IsFirst)
        {
            channel.Send(new TrainerEvent.StepDone(Row(plan, tally, watch, meanLoss, rate, norm)));
        }

        return tally.StopRequested;
    }

    /// <summary>Clips the gradient and updates the weights.</summary>
    /// <returns>The norm of the gradient before clipping.</returns>
    private double Update(ICollective collective, BatchPlan plan, double rate)
    {
        var norm = Optimizer.ClipGradients(_model.Parameters, _spec.Training.ClipNorm ?? double.PositiveInfinity);
        if (!double.IsFinite(norm))
        {
            throw NonFinite(collective, plan, $"norm of the gradient is {norm}", []);
        }

        _optimizer.Step(rate);
        device.Synchronize();
        return norm;
    }

    /// <summary>What is reported of a step.</summary>
    private StepRow Row(BatchPlan plan, StepTally tally, StepWatch watch, double meanLoss, double rate, double norm)
    {
        var (slowest, slowestSeconds) = tally.RankSeconds.ToArray().Index().MaxBy(rank => rank.Item);
        var isExchanged = tally.RankSeconds.Length > 1;
        return new StepRow(
            plan.Step,
            meanLoss,
            rate,
            norm,
            watch.Elapsed.TotalSeconds,
            watch.Exchange.TotalSeconds,
            watch.Data.TotalSeconds,
            plan.InputTokens,
            plan.TargetTokens,
            plan.PaddedTokens,
            tally.ByTask(_tasks.Names, plan),
            T5Costs.TrainingFlops(_folder.Config, plan),
            T5Costs.UnpaddedFlops(_folder.Config, plan),
            watch.Optimizer.TotalSeconds,
            isExchanged ? (_model.Parameters.Count * (long)sizeof(float)) + (tally.Sums.Length * (long)sizeof(double)) : 0,
            tally.RankSeconds.ToArray().Average(),
            slowestSeconds,
            slowest);
    }

    private ModelBatch Batch(IReadOnlyList<PlannedRow> rows)
    {
        var read = rows.Select(row => _tasks.Sources[row.Task].Row(row.Index, row.Epoch)).ToList();
        return ModelBatch.Of([.. read.Select(row => row.Inputs)], [.. read.Select(row => row.Targets)]);
    }

    // Every rank names its bad rows, so that all end with the same message.
    private NonFiniteException NonFinite(ICollective collective, BatchPlan plan, string what, IReadOnlyList<PlannedRow> rows)
    {
        var own = string.Join("; ", rows.Take(3).Select(row => $"{_tasks.Names[row.Task]} row {row.Index} ({_tasks.Preview(row)})"));
        var blamed = collective.AllGather(Encoding.UTF8.GetBytes(own)).Select(bytes => Encoding.UTF8.GetString(bytes)).Where(text => text.Length > 0).ToList();
        var tasks = string.Join(", ", plan.Rows.Select(row => _tasks.Names[row.Task]).Distinct().Order(StringComparer.Ordinal));
        var where = blamed.Count > 0 ? string.Join("; ", blamed) : $"the rows of positions {plan.Rows.Min(row => row.Position)} to {plan.Rows.Max(row => row.Position)}, tasks {tasks}";
        return new NonFiniteException($"At step {plan.Step} the {what}; the weights are those of step {plan.Step - 1}. Rows: {where}. Lower the learning rate, clip gradients, or mend the rows.");
    }

    // Random initialization may differ in the last bits between CPU types, so all ranks start from the weights of rank 0.
    private void ShareWeights(ICollective collective)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        if (!IsFirst)
        {
            _model.Parameters.Values.zero_();
        }

        collective.SumTensor(_model.Parameters.Values);
        _model.Parameters.ValuesChanged();
    }

    private void CarryOptimizer()
    {
        var model = _folder.Folders.Single();
        var checkpoint = OptimizerFiles.CheckpointOf(model)
            ?? throw new InvalidDataException($"There is no checkpoint of the weights in {model}, in or beside it, so there is no optimizer's state to go on with. Restore it, or leave model.carry_optimizer out.");
        CheckpointStore.LoadOptimizer(checkpoint, _optimizer);
    }

    private void Resume(string name)
    {
        var state = _checkpoints.Load(name, _model, _optimizer);
        if (state.DataHash != _tasks.ContentHash)
        {
            throw new SourcesDifferException($"Checkpoint {name} was trained on other rows than this version of Temper reads from the sources now. Restore the files, go on with the version that began the run, or start a new run with init_from.");
        }

        _step = state.Step;
        _evaluated = [.. state.Evaluated ?? []];
        _unstored = state.Unstored ?? [];
    }

    // The others wait here and not in the next exchange, whose deadline a large checkpoint would miss.
    private void Save(ICollective collective)
    {
        var clock = Stopwatch.StartNew();
        if (collective.WorldSize > 1)
        {
            Agreement.OnWeights(collective, _step, WeightHash.Of(_model.Parameters.Values), _spec.Recovery.ProgressTimeout);
        }

        if (IsFirst)
        {
            var state = new CheckpointState(
                _step, assignment.Epoch, assignment.RunId, _tasks.ContentHash, (long)_step * _spec.Training.Batch, _optimizer.Steps, [.. _evaluated], channel.Unstored());
            _fence.Check();
            var name = _checkpoints.Save(state, _folder, _model, _optimizer);
            _fence.Raise();
            channel.Send(new TrainerEvent.Saved(_step, name, clock.Elapsed.TotalSeconds, _checkpoints.Size(name)));
            TidyUp(() => _checkpoints.Prune(_spec.Training.KeepCheckpoints, _step, assignment.Epoch));
        }

        collective.Barrier(_spec.Recovery.ProgressTimeout);
        channel.Progressed();
        channel.Spent(new RankSeconds(0, 0, 0, 0, Checkpoint: clock.Elapsed.TotalSeconds));
    }

    // If a file cannot be deleted now, the next checkpoint tries again. What was saved is already complete and reported.
    private void TidyUp(Action delete)
    {
        try
        {
            delete();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            channel.Send(new TrainerEvent.Log($"The output folder could not be tidied up: {e.Message}"));
        }
    }

    private bool Evaluate(Evaluator evaluator, bool final)
    {
        var clock = Stopwatch.StartNew();
        var hasEvaluatedAll = evaluator.Run(_step, final, _evaluated);
        channel.Spent(new RankSeconds(0, 0, 0, 0, Evaluation: clock.Elapsed.TotalSeconds));
        return hasEvaluatedAll;
    }
}
