using Spectre.Console;
using Temper.Contracts.Experiments;
using Temper.Contracts.Runs;
using Temper.Coordinator.Reports;

namespace Temper.Cli.Views;

/// <summary>Shows an experiment until it ends or holds no workers on purpose: in place on a terminal, as lines elsewhere.</summary>
internal static class ExperimentWatch
{
    private const int LinesAround = 10;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>Returns the experiment as it is at the end.</summary>
    /// <param name="console">Where to show it.</param>
    /// <param name="ask">Asks for the experiment and its runs as they are now.</param>
    /// <param name="ct">Ends watching.</param>
    public static async Task<ExperimentStatus> ShowAsync(IAnsiConsole console, Func<CancellationToken, Task<(ExperimentStatus, IReadOnlyList<RunStatus>)>> ask, CancellationToken ct)
    {
        if (console.Profile.Capabilities is not { Interactive: true, Ansi: true })
        {
            return await WriteLinesAsync(console, ask, ct);
        }

        ExperimentStatus? last = null;
        await console.Live(Text.Empty).Overflow(VerticalOverflow.Ellipsis).StartAsync(async live =>
        {
            do
            {
                var (experiment, runs) = await ask(ct);
                live.UpdateTarget(ExperimentProgressView.Render(experiment, runs, Math.Max(5, console.Profile.Height - LinesAround)));
                last = experiment;
            }
            while (await GoesOnAsync(last, ct));
        });
        return last!;
    }

    private static async Task<ExperimentStatus> WriteLinesAsync(IAnsiConsole console, Func<CancellationToken, Task<(ExperimentStatus, IReadOnlyList<RunStatus>)>> ask, CancellationToken ct)
    {
        var told = new Dictionary<string, RunPhase>();
        ExperimentStatus last;
        do
        {
            (last, var runs) = await ask(ct);
            foreach (var run in runs.Where(run => run.Phase is not RunPhase.Queued && told.GetValueOrDefault(run.Id) != run.Phase))
            {
                told[run.Id] = run.Phase;
                if (run.Phase is not RunPhase.Starting)
                {
                    await Line($"{run.ExperimentKey}  {run.Phase}: {run.Reason}  ({last.Succeeded + last.Unsuccessful} of {last.Runs} runs have ended)");
                }
            }
        }
        while (await GoesOnAsync(last, ct));

        await Line($"{last.Name}  {last.Phase}: {last.Reason}");
        return last;

        Task Line(string text) => console.Profile.Out.Writer.WriteLineAsync(SafeText.OneLine(text).AsMemory(), ct);
    }

    private static async Task<bool> GoesOnAsync(ExperimentStatus experiment, CancellationToken ct)
    {
        if (experiment.Phase.IsTerminal() || experiment.Phase == ExperimentPhase.Paused)
        {
            return false;
        }

        await Task.Delay(Pause, ct);
        return true;
    }
}
