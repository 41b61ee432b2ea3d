using Spectre.Console;
using Temper.Cli.Rest;

namespace Temper.Cli.Views;

/// <summary>Shows a run until its events end: in place on a terminal, as lines elsewhere.</summary>
internal static class RunWatch
{
    // Faster than eyes follow would only cost the trainers' processor time.
    private static readonly TimeSpan Refresh = TimeSpan.FromMilliseconds(250);

    private static readonly TimeSpan BetweenLines = TimeSpan.FromSeconds(10);

    /// <summary>Returns what is known at the end.</summary>
    public static async Task<RunProgress> ShowAsync(
        IAnsiConsole console, IAsyncEnumerable<RunEvent> events, IReadOnlyDictionary<string, double> rates, TimeProvider time, CancellationToken ct)
    {
        var progress = new RunProgress(rates);
        if (console.Profile.Capabilities is { Interactive: true, Ansi: true })
        {
            await console.Live(Text.Empty).Overflow(VerticalOverflow.Ellipsis).StartAsync(live => DrawAsync(live, events, progress, time, ct));
        }
        else
        {
            await WriteLinesAsync(console, events, progress, time, ct);
        }

        return progress;
    }

    private static async Task DrawAsync(LiveDisplayContext live, IAsyncEnumerable<RunEvent> events, RunProgress progress, TimeProvider time, CancellationToken ct)
    {
        var gate = new Lock();
        var reading = ReadAsync();
        using var timer = new PeriodicTimer(Refresh, time);
        do
        {
            lock (gate)
            {
                live.UpdateTarget(RunLiveView.Render(progress));
            }

            await Task.WhenAny(reading, timer.WaitForNextTickAsync(CancellationToken.None).AsTask());
        }
        while (!reading.IsCompleted);

        live.UpdateTarget(RunLiveView.Render(progress));
        await reading;

        async Task ReadAsync()
        {
            await foreach (var item in events.WithCancellation(ct))
            {
                lock (gate)
                {
                    progress.Apply(item);
                }
            }
        }
    }

    private static async Task WriteLinesAsync(IAnsiConsole console, IAsyncEnumerable<RunEvent> events, RunProgress progress, TimeProvider time, CancellationToken ct)
    {
        var lines = new RunLines(progress, BetweenLines);
        await foreach (var item in events.WithCancellation(ct))
        {
            if (lines.Take(item, time.GetUtcNow()) is { } line)
            {
                // Straight to the output: the console would wrap a line at 80 columns, and tools read whole ones.
                await console.Profile.Out.Writer.WriteLineAsync(line.AsMemory(), ct);
            }
        }
    }
}
