using Temper.Contracts.Agents;
using Temper.Contracts.Runs;

namespace Temper.EndToEnd.Tests.Views;

/// <summary>Runs and rows to show.</summary>
internal static class Runs
{
    public static readonly DateTimeOffset Start = new(2026, 3, 5, 9, 30, 0, TimeSpan.Zero);

    public static readonly IReadOnlyDictionary<string, double> Rates = new Dictionary<string, double> { ["dates"] = 0.75, ["sums"] = 0.25 };

    public static RunStatus Status(RunPhase phase = RunPhase.Running, string reason = "All trainers train.", string name = "quickstart") => new(
        $"{name}-1", name, phase, reason, 0, 100, 1, 2, [new Member(0, "a", 0), new Member(1, "a", 1)], [], null, "out/quickstart", Start, Start, null, "fp32");

    public static StepRow Step(int step, double loss = 2) => new(
        step, loss, 1e-3, 0.7, 0.5, 0.05, 0.01, 900, 100, 1100,
        new Dictionary<string, TaskStep> { ["dates"] = new(3, 90, 90 * loss), ["sums"] = new(1, 10, 10 * loss) });

    public static EvaluationRow Evaluation(int step, double? value = 91.25) =>
        new(step, false, "dates", "validation", 40, new Dictionary<string, double?> { ["exact_match"] = value }, [], 1.5);
}
