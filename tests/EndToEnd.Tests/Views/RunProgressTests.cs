using Temper.Cli.Rest;
using Temper.Cli.Views;
using Temper.Contracts.Runs;

namespace Temper.EndToEnd.Tests.Views;

public class RunProgressTests
{
    [Fact]
    public void The_live_view_says_where_the_run_is_and_what_each_task_got()
    {
        var progress = Running(40);
        progress.Apply(new RunEvent.Evaluated(Runs.Evaluation(20)));

        var screen = Screen.Of(RunLiveView.Render(progress));

        Assert.Contains("quickstart  ▶ Running  All trainers train.", screen, StringComparison.Ordinal);
        Assert.Contains("40 / 100  30.0 s left", screen, StringComparison.Ordinal);
        Assert.Contains("loss 2.0000  lr 0.001  step 500 ms  2,000 tokens/s  2 workers  0 recoveries", screen, StringComparison.Ordinal);
        Assert.Matches(@"dates +120 +2\.0000 +75\.0 % +75\.0 % +90\.0 % +91\.3 exact", screen);
        Assert.Matches(@"sums +40 +2\.0000 +25\.0 % +25\.0 % +10\.0 % +–", screen);
        Assert.All(screen.Split('\n'), line => Assert.True(line.Length <= 80, line));
    }

    [Fact]
    public void A_run_that_waits_says_for_what()
    {
        var progress = new RunProgress(Runs.Rates);
        progress.Apply(new RunEvent.Changed(Runs.Status(RunPhase.Queued, "Waits for 2 free slots.")));

        var screen = Screen.Of(RunLiveView.Render(progress));

        Assert.Contains("… Queued  Waits for 2 free slots.", screen, StringComparison.Ordinal);
        Assert.Contains("loss –", screen, StringComparison.Ordinal);
        Assert.DoesNotContain("left", screen, StringComparison.Ordinal);
    }

    [Fact]
    public void Steps_made_again_after_a_recovery_count_once()
    {
        var progress = Running(40);

        var isNew = progress.Apply(new RunEvent.Stepped(Runs.Step(30)));

        Assert.False(isNew);
        Assert.Equal(120, progress.Tasks["dates"].Totals.Examples);
    }

    [Fact]
    public void The_loss_is_that_of_the_last_steps()
    {
        var progress = new RunProgress(Runs.Rates);
        foreach (var step in Enumerable.Range(1, 100))
        {
            progress.Apply(new RunEvent.Stepped(Runs.Step(step, loss: step <= 50 ? 9 : 1)));
        }

        Assert.Equal(1, progress.Loss!.Value, 12);
        Assert.Equal(1, progress.Tasks["sums"].Loss!.Value, 12);
    }

    [Fact]
    public void Elsewhere_than_on_a_terminal_there_is_a_line_for_each_event_and_few_for_steps()
    {
        var lines = new RunLines(new RunProgress(Runs.Rates), TimeSpan.FromSeconds(10));
        var printed = new List<string?> { lines.Take(new RunEvent.Changed(Runs.Status()), Runs.Start), lines.Take(new RunEvent.Changed(Runs.Status()), Runs.Start) };
        printed.AddRange(Enumerable.Range(1, 100).Select(step => lines.Take(new RunEvent.Stepped(Runs.Step(step)), Runs.Start.AddSeconds(step * 0.5))));
        printed.Add(lines.Take(new RunEvent.Evaluated(Runs.Evaluation(100) with { Task = "sums", Metrics = new Dictionary<string, double?>(), Loss = 1.25 }), Runs.Start));
        printed.Add(lines.Take(new RunEvent.Evaluated(Runs.Evaluation(100, null)), Runs.Start));

        var shown = printed.OfType<string>().ToList();

        Assert.Equal("quickstart  Running: All trainers train.", shown[0]);
        Assert.Equal("step 1/100  loss 2.0000  lr 0.001  500 ms/step  2,000 tokens/s  49.5 s left", shown[1]);
        Assert.Equal(["1", "21", "41", "61", "81", "100"], shown.Where(line => line.Contains("  loss", StringComparison.Ordinal)).Select(line => line.Split(' ', '/')[1]));
        Assert.Equal("step 100  sums validation: loss 1.2500  (40 rows, 1.5 s)", shown[^2]);
        Assert.Equal("step 100  dates validation: – exact match  (40 rows, 1.5 s)", shown[^1]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Watching_ends_with_the_events_and_knows_how_it_ended(bool ansi)
    {
        var text = new StringWriter();

        var progress = await RunWatch.ShowAsync(Screen.Console(text, 100, ansi), Events(), Runs.Rates, TimeProvider.System, TestContext.Current.CancellationToken);

        Assert.Equal(RunPhase.Succeeded, progress.Status!.Phase);
        Assert.Equal(3, progress.Step);
        Assert.Contains("Succeeded", text.ToString(), StringComparison.Ordinal);
    }

    private static async IAsyncEnumerable<RunEvent> Events()
    {
        yield return new RunEvent.Changed(Runs.Status());
        foreach (var step in Enumerable.Range(1, 3))
        {
            await Task.Yield();
            yield return new RunEvent.Stepped(Runs.Step(step));
        }

        yield return new RunEvent.Changed(Runs.Status(RunPhase.Succeeded, "Done."));
    }

    private static RunProgress Running(int steps)
    {
        var progress = new RunProgress(Runs.Rates);
        progress.Apply(new RunEvent.Changed(Runs.Status()));
        foreach (var step in Enumerable.Range(1, steps))
        {
            progress.Apply(new RunEvent.Stepped(Runs.Step(step)));
        }

        return progress;
    }
}
