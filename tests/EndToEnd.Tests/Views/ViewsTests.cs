using Temper.Cli.Rest;
using Temper.Cli.Views;
using Temper.Contracts.Agents;
using Temper.Contracts.Runs;
using Temper.Coordinator.Reports;
using Temper.Coordinator.Scheduling;
using Temper.Mixture.Examples;
using Temper.Mixture.Tasks;

namespace Temper.EndToEnd.Tests.Views;

public class ViewsTests
{
    private const string Evil = "[bold]x[/] \u001b[2J\u001b]0;owned\u0007 \u202Egro";
    private const string Harmless = "[bold]x[/] ⟨U+001B⟩[2J⟨U+001B⟩]0;owned⟨U+0007⟩ ⟨U+202E⟩gro";

    [Fact]
    public void Results_show_each_task_three_predictions_and_where_to_look()
    {
        var screen = Screen.Of(RunResultView.Render(Report("Sonntag"), "/out/a very/long path/of some length/that does not fit/into eighty columns/report.html", "/out/model"));

        Assert.Matches(@"dates +97\.5 exact match +test +40 +75\.0 % +75\.0 % +90\.0 %", screen);
        Assert.Contains("91.0 bleu", screen, StringComparison.Ordinal);
        Assert.Equal(3, screen.Split("≠ Sonntag").Length - 1);
        Assert.Contains("expected: Montag", screen, StringComparison.Ordinal);
        Assert.Contains("✓ Succeeded  quickstart: 100 steps in 1 min 05 s, final loss 0.1234", screen, StringComparison.Ordinal);
        Assert.Contains("report.html", screen, StringComparison.Ordinal);
        Assert.Matches(@"model +/out/model", screen);
    }

    [Fact]
    public void A_task_without_metrics_is_shown_with_its_loss()
    {
        var report = Report("Sonntag");
        var text = report.Tasks["dates"] with { Metrics = new Dictionary<string, double?>(), Test = new SplitReport(40, 100, true, new Dictionary<string, double?>(), 1.25), Samples = [] };

        Assert.Matches(@"dates +1\.2500 loss +test +40", Screen.Of(RunResultView.Render(report with { Tasks = new Dictionary<string, TaskReport> { ["dates"] = text } }, "r", null)));
        Assert.Matches(@"dates +not evaluated +– +–", Screen.Of(RunResultView.Render(report with { Tasks = new Dictionary<string, TaskReport> { ["dates"] = text with { Split = null, Test = null } } }, "r", null)));
    }

    [Fact]
    public void Text_of_data_neither_formats_nor_steers_the_terminal()
    {
        string[] screens =
        [
            Screen.Of(RunResultView.Render(Report(Evil), "r", null), 160, ansi: true),
            Screen.Of(SpecErrorsView.Render(Evil, [new SpecError(Evil, Evil)]), 160, ansi: true),
            Screen.Of(RunListView.Render([Runs.Status(RunPhase.Failed, Evil, Evil)], Runs.Start), 200, ansi: true),
            Screen.Of(RunShowView.Render(Runs.Status(RunPhase.Failed, Evil, Evil) with { Recoveries = [new Recovery(Runs.Start, 1, Evil, Evil, 0)] }, Runs.Start), 260, ansi: true),
            Screen.Of(PreviewView.Render(Preview(Evil, 75)), 200, ansi: true),
            Screen.Of(RunLiveView.Render(Live()), 200, ansi: true),
        ];

        foreach (var screen in screens)
        {
            Assert.Contains(Harmless, screen, StringComparison.Ordinal);
            Assert.DoesNotContain("\u001b[2J", screen, StringComparison.Ordinal);
            Assert.DoesNotContain("\u001b]0;", screen, StringComparison.Ordinal);
            Assert.DoesNotContain('\u0007', screen);
            Assert.DoesNotContain('\u202E', screen);
        }
    }

    [Fact]
    public void A_long_prediction_takes_one_line()
    {
        var screen = Screen.Of(RunResultView.Render(Report(string.Concat(Enumerable.Repeat("日本語\n", 200))), "r", null));

        Assert.Equal(3, screen.Split("≠ 日本語⏎").Length - 1);
        Assert.Equal(3, screen.Split('…').Length - 1);
        Assert.True(screen.Split('\n').Length < 30);
    }

    [Fact]
    public void Mistakes_are_all_there_with_their_paths()
    {
        SpecError[] errors = [new("tasks.a.rate", "The rate -1 is below zero."), new("training.batch", "Write a multiple of 2, such as 64.")];

        var screen = Screen.Of(SpecErrorsView.Render("x.yaml", errors));

        Assert.StartsWith("✗ x.yaml has 2 mistakes; nothing was started.", screen, StringComparison.Ordinal);
        Assert.All(errors, error => Assert.Contains(error.Path, screen, StringComparison.Ordinal));
        Assert.All(errors, error => Assert.Contains(error.Message, screen, StringComparison.Ordinal));
        Assert.Equal("training.batch: Write a multiple of 2, such as 64.", SpecErrorsView.Lines("x.yaml", errors).Last());
    }

    [Fact]
    public void The_list_has_the_newest_first_and_says_why_runs_wait()
    {
        var old = Runs.Status(RunPhase.Succeeded, "Done.", "old");
        var waiting = Runs.Status(RunPhase.Queued, "Waits for 2 free slots.", "new") with { CreatedAt = Runs.Start.AddHours(1) };

        var screen = Screen.Of(RunListView.Render([old, waiting], Runs.Start.AddHours(2)));

        Assert.True(screen.IndexOf("new-1", StringComparison.Ordinal) < screen.IndexOf("old-1", StringComparison.Ordinal));
        Assert.Contains("Waits for 2 free slots.", screen, StringComparison.Ordinal);
        Assert.DoesNotContain("Done.", screen, StringComparison.Ordinal);
        Assert.Contains("no runs yet", Screen.Of(RunListView.Render([], Runs.Start)), StringComparison.Ordinal);
    }

    [Fact]
    public void Agents_are_listed_with_their_slots_and_why_one_gets_no_work()
    {
        AgentStatus[] agents =
        [
            new("good", "host", AgentState.Ready, 2, 3L << 30, true, Runs.Start, [new AgentTrainer(0, "r1", 0)]),
            new("bad", "host", AgentState.BackingOff, 1, 0, false, Runs.Start, [], new AgentBackOff(Runs.Start.AddMinutes(1), null, 3, $"Agent bad gets no work. {Evil}")),
        ];

        var screen = Screen.Of(AgentListView.Render(agents, Runs.Start.AddSeconds(2)), 160);

        Assert.Matches(@"good +Ready +2\.0 s ago +1 / 2 +3\.0 GiB +r1", screen);
        Assert.Matches(@"bad +Backs off +2\.0 s ago +0 / 1 +unknown", screen);
        Assert.Contains("Agent bad gets no work. " + Harmless, screen, StringComparison.Ordinal);
        Assert.DoesNotContain('\u0007', screen);
        Assert.Contains("No agent was heard.", Screen.Of(AgentListView.Render([], Runs.Start)), StringComparison.Ordinal);
    }

    [Fact]
    public void The_preview_says_whether_the_draws_keep_the_promise()
    {
        Assert.Contains("less than 1 at any time", Screen.Of(PreviewView.Render(Preview("x", 75))), StringComparison.Ordinal);
        Assert.Matches(@"dates +1,000 .* 100 +75\.0 %", Screen.Of(PreviewView.Render(Preview("x", 75))).Replace("  ", " ", StringComparison.Ordinal));
        Assert.Contains("+2.00", Screen.Of(PreviewView.Render(Preview("x", 77))), StringComparison.Ordinal);
        Assert.Contains("breaks the promise", Screen.Of(PreviewView.Render(Preview("x", 77))), StringComparison.Ordinal);
    }

    private static Preview Preview(string text, long drawn) => new(
        text, 100, 1_300_000, 1L << 30, [],
        [new PreviewTask("dates", 1000, 100, 100, 0.75, 4, drawn, new LengthSummary(10, 20, 30, 0), new LengthSummary(5, 8, 9, 1), [new TextExample(text, text)])]);

    private static RunProgress Live()
    {
        var progress = new RunProgress(new Dictionary<string, double> { [Evil] = 1 });
        progress.Apply(new RunEvent.Changed(Runs.Status(RunPhase.Running, Evil, Evil)));
        return progress;
    }

    private static RunReport Report(string prediction)
    {
        var split = new SplitReport(40, 100, true, new Dictionary<string, double?> { ["exact_match"] = 97.5, ["bleu"] = 91 });
        var samples = Enumerable.Repeat(new SamplePrediction("translate: Monday", "Montag", prediction), 5).ToList();
        return new RunReport(
            "quickstart", "quickstart-1", RunPhase.Succeeded, "Done.", 100, 100, 2, 1, "fp32", 17, 65, 2000, [], 0.1234, Runs.Rates,
            new Dictionary<string, TaskShare> { ["dates"] = new(0.75, 0.9) },
            new Dictionary<string, TaskReport> { ["dates"] = new("test", split.Metrics, null, split, 300, 9000, null, samples) });
    }
}
