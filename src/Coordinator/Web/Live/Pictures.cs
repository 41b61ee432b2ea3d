using System.Text.Json;
using Temper.Contracts.Agents;
using Temper.Contracts.Experiments;
using Temper.Contracts.Runs;
using Temper.Contracts.Specs;
using Temper.Coordinator.Reports.Experiments;
using Temper.Coordinator.Scheduling;

namespace Temper.Coordinator.Web.Live;

/// <summary>A run as its page shows it.</summary>
/// <param name="Status">Where it is.</param>
/// <param name="Spec">What was asked for.</param>
/// <param name="Plan">What it was worked out to be.</param>
/// <param name="Steps">Rows of its steps, in order; of many an even selection.</param>
/// <param name="IsSelection">Whether rows were left out.</param>
/// <param name="Evaluations">All evaluations, in the order of steps.</param>
/// <param name="Events">What happened, oldest first; the last ones of many.</param>
/// <param name="LastEvent">Number of the last one.</param>
/// <param name="Readings">How often it was read.</param>
public sealed record RunPicture(
    RunStatus Status,
    RunSpec Spec,
    RunPlan Plan,
    IReadOnlyList<StepRow> Steps,
    bool IsSelection,
    IReadOnlyList<EvaluationRow> Evaluations,
    IReadOnlyList<Happening> Events,
    long LastEvent,
    int Readings)
{
    // Enough rows that a mean says something, few enough that it is about now.
    private const int Window = 50;

    /// <summary>The last rows.</summary>
    public IReadOnlyList<StepRow> Recent => [.. Steps.Skip(Math.Max(0, Steps.Count - Window))];

    /// <summary>Completed steps.</summary>
    public int Step => Math.Max(Status.Step, Steps.Count > 0 ? Steps[^1].Step : 0);

    /// <summary>Loss over the last steps, in nats per target token.</summary>
    public double? Loss => Ratio(row => row.Loss * row.TargetTokens, row => row.TargetTokens);

    /// <summary>Seconds of a step, over the last ones.</summary>
    public double? StepSeconds => Ratio(row => row.Seconds, _ => 1);

    /// <summary>Input and target tokens per second, over the last steps.</summary>
    public double? TokensPerSecond => Ratio(row => row.InputTokens + row.TargetTokens, row => row.Seconds);

    /// <summary>Floating-point operations per second, over the last steps.</summary>
    public double? FlopsPerSecond => Ratio(row => row.Flops, row => row.Seconds);

    /// <summary>Seconds to the last step at the pace of the last ones, evaluations left out; null unless it makes steps.</summary>
    public double? SecondsLeft => Status.Phase == RunPhase.Running && Step < Status.Steps && StepSeconds is { } seconds ? seconds * (Status.Steps - Step) : null;

    private double? Ratio(Func<StepRow, double> sum, Func<StepRow, double> weight)
    {
        var total = Recent.Sum(weight);
        return total > 0 ? Recent.Sum(sum) / total : null;
    }
}

/// <summary>Something that happened.</summary>
/// <param name="Id">Its number.</param>
/// <param name="At">When.</param>
/// <param name="Kind">What kind: a small closed set.</param>
/// <param name="Message">A sentence; untrusted text.</param>
/// <param name="Data">More of it.</param>
public sealed record Happening(long Id, DateTimeOffset At, string Kind, string Message, JsonElement? Data);

/// <summary>A page of runs.</summary>
/// <param name="Runs">From the newest on.</param>
/// <param name="Losses">Id → task → its latest loss over the last steps.</param>
/// <param name="Next">Where the next page begins; null on the last one.</param>
public sealed record RunsPicture(IReadOnlyList<RunStatus> Runs, IReadOnlyDictionary<string, LatestLosses> Losses, long? Next);

/// <summary>How well the tasks of a run do at a step.</summary>
public sealed record LatestLosses(int Step, double? Total, IReadOnlyDictionary<string, double> ByTask);

/// <summary>A page of experiments, from the newest on.</summary>
public sealed record ExperimentsPicture(IReadOnlyList<ExperimentStatus> Experiments, long? Next);

/// <summary>An experiment as its page shows it.</summary>
/// <param name="Status">Where it is.</param>
/// <param name="Report">Its report of now, or of a moment ago.</param>
/// <param name="ReportedAt">When that was made.</param>
/// <param name="Runs">Its runs, in the order of its layout.</param>
/// <param name="Events">What happened to it, oldest first.</param>
public sealed record ExperimentPicture(ExperimentStatus Status, ExperimentReport Report, DateTimeOffset ReportedAt, IReadOnlyList<RunStatus> Runs, IReadOnlyList<Happening> Events);

/// <summary>Who waits for what, and who has it.</summary>
/// <param name="Waiting">In the order in which they are considered.</param>
/// <param name="Active">Those that hold slots.</param>
/// <param name="Paused">Those that want none for now.</param>
/// <param name="Agents">All agents that were heard lately.</param>
/// <param name="ReadAt">When this was so.</param>
public sealed record QueuePicture(IReadOnlyList<WaitingRun> Waiting, IReadOnlyList<RunStatus> Active, IReadOnlyList<RunStatus> Paused, IReadOnlyList<AgentStatus> Agents, DateTimeOffset ReadAt);

/// <summary>A run that waits.</summary>
/// <param name="Run">The run.</param>
/// <param name="Gained">What waiting has added to its priority.</param>
public sealed record WaitingRun(RunStatus Run, long Gained);

/// <summary>Runs side by side.</summary>
/// <param name="Runs">The runs, in the order in which they were asked for.</param>
/// <param name="Unknown">Ids that are none.</param>
public sealed record ComparePicture(IReadOnlyList<RunPicture> Runs, IReadOnlyList<string> Unknown);
