using System.Runtime.CompilerServices;
using Temper.Cli.Rest;
using Temper.Contracts.Runs;

namespace Temper.Cli.Embedded;

/// <summary>Follows a run by asking for what is new, until it has ended or holds no workers on purpose.</summary>
internal static class RunPoller
{
    private const int Page = 1000;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    /// <summary>What happens to the run, in order; ends after the last state.</summary>
    public static async IAsyncEnumerable<RunEvent> Follow(TemperClient client, string id, [EnumeratorCancellation] CancellationToken ct)
    {
        var lastStep = 0;
        var evaluated = new HashSet<(int, string, string, bool)>();
        while (true)
        {
            // The state first: what it counts is then surely among the rows that follow.
            var status = await client.ShowAsync(id, ct);
            RunMetrics rows;
            do
            {
                // A page at a time: of more rows the coordinator would send a selection.
                rows = await client.MetricsAsync(id, lastStep + 1, lastStep + Page, Page, ct);
                foreach (var row in rows.Steps)
                {
                    lastStep = Math.Max(lastStep, row.Step);
                    yield return new RunEvent.Stepped(row);
                }
            }
            while (rows.Steps.Count == Page);

            foreach (var row in rows.Evaluations.Where(row => evaluated.Add((row.Step, row.Task, row.Split, row.Final))))
            {
                yield return new RunEvent.Evaluated(row);
            }

            yield return new RunEvent.Changed(status);
            if (status.Phase.IsTerminal() || status.Phase == RunPhase.Paused)
            {
                yield break;
            }

            await Task.Delay(Pause, ct);
        }
    }
}
