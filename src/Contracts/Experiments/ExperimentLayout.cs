using Temper.Contracts.Specs;

namespace Temper.Contracts.Experiments;

/// <summary>What an experiment is made of: its runs, parents before those that start from them, and the table that they fill.</summary>
public sealed record ExperimentLayout(IReadOnlyList<ExperimentRun> Runs, IReadOnlyList<ExperimentRow> Rows)
{
    /// <summary>The keys of all runs that a sample takes: those that it is evaluated on and, once each, those that they start from.</summary>
    public IReadOnlySet<string> RunsOf(RowSample sample)
    {
        var byKey = Runs.ToDictionary(run => run.Key);
        var byId = Runs.ToDictionary(run => ModelSpec.RunPrefix + run.RunId);
        var found = new HashSet<string>();
        var open = new Stack<string>(sample.RunOfTask.Values);
        while (open.TryPop(out var key))
        {
            if (found.Add(key))
            {
                foreach (var parent in byKey[key].Spec.Model.References.Select(reference => byId.GetValueOrDefault(reference)).OfType<ExperimentRun>())
                {
                    open.Push(parent.Key);
                }
            }
        }

        return found;
    }

    /// <summary>What a row costs: the mean over its samples of the sum over the runs that a sample takes.</summary>
    /// <param name="row">The row.</param>
    /// <param name="cost">Cost of the run of a key, such as its training FLOPs.</param>
    public double CostOf(ExperimentRow row, Func<string, double> cost) => row.Samples.Average(sample => RunsOf(sample).Sum(cost));
}

/// <summary>One run of an experiment.</summary>
/// <param name="Key">Its name within the experiment, such as <c>equal-seed17</c>.</param>
/// <param name="RunId">Its id.</param>
/// <param name="Spec">Its spec; it starts from other runs of the experiment as <c>run:ID</c>.</param>
public sealed record ExperimentRun(string Key, string RunId, RunSpec Spec);

/// <summary>What a row of the table stands for.</summary>
public enum RowRole
{
    /// <summary>One of the things that are compared: a mixture, a recipe.</summary>
    Contender,

    /// <summary>What a scaling experiment starts from, at once its compute.</summary>
    Baseline,

    /// <summary>Each task trained by itself.</summary>
    Alone,

    /// <summary>A member of the ensemble, alone.</summary>
    Member,

    /// <summary>Averaged logits.</summary>
    Ensemble,

    /// <summary>Averaged weights.</summary>
    WeightAverage,

    /// <summary>The baseline for more steps.</summary>
    MoreSteps,

    /// <summary>The baseline with larger batches.</summary>
    MoreBatch,

    /// <summary>A larger model for as many steps as fit.</summary>
    LargerModel,

    /// <summary>Members fine-tuned from one parent, their logits averaged: at its own, smaller cost.</summary>
    FineTunedEnsemble,
}

/// <summary>A row of an experiment's table.</summary>
/// <param name="Label">What it is, for people.</param>
/// <param name="Role">What it stands for.</param>
/// <param name="Compute">The multiple of the baseline's training FLOPs that it claims to cost; null where it claims none.</param>
/// <param name="Samples">Its repetitions.</param>
public sealed record ExperimentRow(string Label, RowRole Role, double? Compute, IReadOnlyList<RowSample> Samples);

/// <summary>One repetition of a row.</summary>
/// <param name="Seed">Its seed.</param>
/// <param name="RunOfTask">Task → key of the run whose final evaluation counts.</param>
public sealed record RowSample(long Seed, IReadOnlyDictionary<string, string> RunOfTask);
