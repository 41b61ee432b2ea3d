using Temper.Contracts.Agents;
using Temper.Contracts.Runs;
using Temper.Mixture.Tasks;

namespace Temper.Cli.Rest;

/// <summary>What came of submitting a spec.</summary>
internal abstract record SubmitOutcome<T>
{
    private SubmitOutcome()
    {
    }

    /// <summary>What was asked for is stored and will proceed.</summary>
    public sealed record Accepted(T Value) : SubmitOutcome<T>;

    /// <summary>The spec has mistakes: all of them.</summary>
    public sealed record Rejected(IReadOnlyList<SpecError> Errors) : SubmitOutcome<T>;
}

/// <summary>What a run has measured.</summary>
internal sealed record RunMetrics(IReadOnlyList<StepRow> Steps, IReadOnlyList<EvaluationRow> Evaluations);

/// <summary>A page of a list.</summary>
internal sealed record Page<T>(IReadOnlyList<T> Items, string? Next = null);

/// <summary>Something that happened to a run. The message is untrusted text.</summary>
internal sealed record Happening(long Id, DateTimeOffset At, string Kind, string Message);

/// <summary>Something new about a run that is watched.</summary>
internal abstract record RunEvent
{
    private RunEvent()
    {
    }

    /// <summary>Phase, reason, members or checkpoint changed.</summary>
    public sealed record Changed(RunStatus Run) : RunEvent;

    /// <summary>A step was made.</summary>
    public sealed record Stepped(StepRow Row) : RunEvent;

    /// <summary>A split was evaluated.</summary>
    public sealed record Evaluated(EvaluationRow Row) : RunEvent;
}

/// <summary>The coordinator said no, or nothing. The message is for people and says what to do.</summary>
internal sealed class TemperApiException(string message, int? status = null, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The HTTP status; null if no answer came.</summary>
    public int? Status { get; } = status;
}
