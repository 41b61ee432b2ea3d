using Temper.Contracts.Experiments;
using Temper.Contracts.Runs;

namespace Temper.Coordinator.Reports.Experiments;

/// <summary>What came of an experiment: the content of its <c>report.json</c>. Parameters are in the order of its keys.</summary>
/// <param name="Id">The experiment's id.</param>
/// <param name="Name">Its name.</param>
/// <param name="Kind">What kind of question it is.</param>
/// <param name="Phase">How it ended, or where it is.</param>
/// <param name="Reason">Why.</param>
/// <param name="Question">The question in the words of whoever asked; null if there are none.</param>
/// <param name="Answer">Plain sentences that answer it.</param>
/// <param name="Seconds">From its acceptance to its end, waiting included; null until then.</param>
/// <param name="TrainingFlops">Floating-point operations of the steps of all its runs as they were computed, padding included.</param>
/// <param name="PaddingShare">Padding's part of them, 0 to 1; null where there are none.</param>
/// <param name="Runs">Its runs, in the order of the layout.</param>
/// <param name="Table">What they scored.</param>
/// <param name="Law">How the loss falls with compute; null for kinds of experiments that do not ask.</param>
/// <param name="Notes">What one must know to read the table: what noise it is judged by, and what is missing.</param>
public sealed record ExperimentReport(
    string Id,
    string Name,
    ExperimentKind Kind,
    ExperimentPhase Phase,
    string Reason,
    string? Question,
    IReadOnlyList<string> Answer,
    double? Seconds,
    double TrainingFlops,
    double? PaddingShare,
    IReadOnlyList<ReportedRun> Runs,
    ResultTable Table,
    ScalingLaw? Law,
    IReadOnlyList<string> Notes)
{
    /// <summary>Works out the report.</summary>
    public static ExperimentReport From(ExperimentReportInput input) => ExperimentReportBuilder.Build(input);
}

/// <summary>One run of an experiment.</summary>
/// <param name="Key">Its name within the experiment; its own report is in the folder <c>runs/KEY</c>.</param>
/// <param name="RunId">Its id.</param>
/// <param name="Phase">Where it is in its life.</param>
/// <param name="Steps">Completed steps.</param>
/// <param name="StepsPlanned">Steps that were asked for.</param>
/// <param name="TrainingFlops">Floating-point operations of its steps.</param>
/// <param name="Loss">Training loss of its last step.</param>
/// <param name="Reason">Why it has no result; null if it has succeeded.</param>
public sealed record ReportedRun(
    string Key,
    string RunId,
    RunPhase Phase,
    int Steps,
    int StepsPlanned,
    double TrainingFlops,
    double? Loss,
    string? Reason);

/// <summary>The table of an experiment. Every row has a cell for every column, in the same order.</summary>
/// <param name="Columns">The average, then the tasks that have metrics, by name, then the held-out loss.</param>
/// <param name="Rows">In the order of the layout.</param>
public sealed record ResultTable(IReadOnlyList<ResultColumn> Columns, IReadOnlyList<ResultRow> Rows)
{
    /// <summary>Place of the average.</summary>
    public const int Average = 0;

    /// <summary>Place of the held-out loss.</summary>
    internal int Loss => Columns.Count - 1;

    /// <summary>Places of the tasks.</summary>
    internal IEnumerable<int> Tasks => Enumerable.Range(1, Columns.Count - 2);
}

/// <summary>What a column of the table holds.</summary>
public enum ColumnKind
{
    /// <summary>The mean of the tasks' main metrics, ×100.</summary>
    Average,

    /// <summary>A task's main metric, the first that it declares, ×100.</summary>
    Task,

    /// <summary>Cross entropy over target tokens that were not trained on, in nats, averaged over the tasks that all rows have: lower is better.</summary>
    Loss,
}

/// <summary>A column of the table.</summary>
/// <param name="Kind">What it holds.</param>
/// <param name="Task">The task; null for the average and the loss.</param>
/// <param name="Metric">Its main metric; null where no run was evaluated on it yet.</param>
/// <param name="Split">The split that is judged: test where there is one with labels, else validation.</param>
/// <param name="Deviation">Standard deviation of one repetition, pooled over everything that was repeated; null where nothing was, or where spreads are not alike.</param>
/// <param name="Best">The best mean of the rows that compete.</param>
/// <param name="Test">How differences in it are told from chance; null in reports of versions that did not say.</param>
public sealed record ResultColumn(ColumnKind Kind, string? Task, string? Metric, string? Split, double? Deviation, double? Best, NoiseTest? Test = null);

/// <summary>A row of the table.</summary>
/// <param name="Label">What it is.</param>
/// <param name="Role">What it stands for.</param>
/// <param name="Compute">The multiple of the baseline's training FLOPs that it claims to cost.</param>
/// <param name="Samples">Its repetitions.</param>
/// <param name="Cells">A cell for every column.</param>
/// <param name="TrainingFlops">What a repetition took: the FLOPs of all runs that went into it; null where some are missing.</param>
/// <param name="CostRatio">The same, as a multiple of the baseline's; null where there is no baseline.</param>
/// <param name="Models">Models that answer together: inference costs that many times as much.</param>
/// <param name="Metrics">Task → metric → all metrics of the judged split.</param>
/// <param name="Losses">Task → its held-out loss.</param>
/// <param name="Competes">Whether it is compared with the others for the best of a column: rows of a scaling experiment that cost something else are not.</param>
public sealed record ResultRow(
    string Label,
    RowRole Role,
    double? Compute,
    int Samples,
    IReadOnlyList<ResultCell> Cells,
    double? TrainingFlops,
    double? CostRatio,
    int Models,
    IReadOnlyDictionary<string, IReadOnlyDictionary<string, ResultCell>> Metrics,
    IReadOnlyDictionary<string, ResultCell> Losses,
    bool Competes = true);

/// <summary>A cell of the table.</summary>
/// <param name="Mean">Mean over the repetitions; null where there is no result.</param>
/// <param name="Deviation">Their standard deviation (n - 1); null for fewer than two.</param>
/// <param name="Samples">How many repetitions have a result.</param>
/// <param name="Bold">Whether it is the best of its column or not distinguishable from it; nothing is where nothing is known about noise.</param>
/// <param name="Values">What each repetition scored.</param>
public sealed record ResultCell(double? Mean, double? Deviation, int Samples, bool Bold, IReadOnlyList<double> Values)
{
    internal static ResultCell Of(IReadOnlyList<double> values) =>
        new(Spread.Mean(values), Spread.Deviation(values), values.Count, Bold: false, values);
}

/// <summary>How the held-out loss falls with compute: loss = Scale · FLOPs^-Exponent. See <see cref="PowerLaw"/>.</summary>
/// <param name="Points">What it was fitted to: the baseline and its longer trainings.</param>
/// <param name="WhyNot">Why there is no law: nothing could be fitted, or what was fitted is not sure to fall. Null if there is one. Then the rest is there.</param>
/// <param name="Scale">The factor.</param>
/// <param name="Exponent">The exponent.</param>
/// <param name="ExponentInterval">Its 95 % interval.</param>
/// <param name="Prediction">The loss of another training at twice the largest compute.</param>
/// <param name="Line">The law over the whole range, for a plot.</param>
public sealed record ScalingLaw(
    IReadOnlyList<LossPoint> Points,
    string? WhyNot,
    double? Scale,
    double? Exponent,
    Interval? ExponentInterval,
    LawPoint? Prediction,
    IReadOnlyList<LawPoint> Line);

/// <summary>A loss, in nats, at a compute, in training FLOPs.</summary>
public sealed record LossPoint(double Flops, double Loss);

/// <summary>A predicted loss with its 95 % interval.</summary>
public sealed record LawPoint(double Flops, double Loss, Interval Interval);
