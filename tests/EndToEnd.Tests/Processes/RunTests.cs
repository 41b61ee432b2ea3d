using System.Text.Json.Nodes;
using Temper.TestKit;

namespace Temper.EndToEnd.Tests.Processes;

/// <summary>One command, real processes, real signals.</summary>
[Collection("processes")]
public sealed class RunTests(UndisturbedRun undisturbed) : IDisposable
{
    private readonly RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_run_trains_evaluates_reports_and_leaves_nothing_running()
    {
        await using var run = TemperProcess.Start(["run", _folder.Spec(steps: 40), "--output", _folder["out"]]);
        await Processes.Until(() => Processes.Below(run.Id, "trainer").Count == 2, "two trainers run");
        var processes = Processes.Below(run.Id, "trainer").Concat(Processes.Below(run.Id, "agent")).ToList();

        Assert.Equal(0, await run.Exit());

        Assert.Equal(3, processes.Count);
        await Processes.Until(() => !processes.Exists(Processes.Lives), "agent and trainers have ended");
        var report = RunFolder.Report(_folder["out"]);
        Assert.Equal(40, (int)report["steps"]!);
        Assert.Equal(2, (int)report["workers"]!);
        Assert.Empty(report["recoveries"]!.AsArray());
        Assert.NotNull(report["tasks"]!["months"]!["metrics"]!["exact_match"]);
        Assert.Equal(1.0, report["rates"]!.AsObject().Sum(rate => (double)rate.Value!), 6);
        Assert.Equal(40, RunFolder.Losses(_folder["out"]).Count);
        Assert.StartsWith("<!DOCTYPE html>", File.ReadAllText(Path.Combine(_folder["out"], "report.html")), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Killed_trainers_and_agents_cost_no_bit_of_the_result()
    {
        await using var run = TemperProcess.Start(["run", _folder.Spec(UndisturbedRun.Steps), "--output", _folder["disturbed"]]);
        await Processes.Until(() => RunFolder.HasCheckpoint(_folder["disturbed"], 20), "the first checkpoint");
        var first = Processes.Below(run.Id, "trainer");
        ChildProcess.Signal(first[1], "KILL");
        // Of the epoch that was killed there may be a later checkpoint already.
        IReadOnlyList<int> orphans = [];
        await Processes.Until(() => (orphans = [.. Processes.Below(run.Id, "trainer").Except(first)]).Count == 2, "the next epoch's trainers");
        await Processes.Until(() => RunFolder.HasCheckpoint(_folder["disturbed"], 60), "a later checkpoint");
        ChildProcess.Signal(Processes.Below(run.Id, "agent").Single(), "KILL");
        await Processes.Until(() => !orphans.Any(Processes.Lives), "trainers end with their agent");

        Assert.Equal(0, await run.Exit());

        var report = RunFolder.Report(_folder["disturbed"]);
        Assert.Equal(["trainer_died", "agent_lost"], report["recoveries"]!.AsArray().Select(recovery => (string)recovery!["cause"]!));
        var whole = await undisturbed.Output;
        Assert.Equal(RunFolder.Losses(whole), RunFolder.Losses(_folder["disturbed"]));
        Assert.Equal(Model(whole), Model(_folder["disturbed"]));
        Assert.Equal(Metrics(RunFolder.Report(whole)), Metrics(report));
    }

    [Fact]
    public async Task A_trainer_that_is_stopped_is_noticed_and_replaced()
    {
        await using var run = TemperProcess.Start(["run", _folder.Spec(steps: 200), "--output", _folder["out"]]);
        await Processes.Until(() => RunFolder.HasCheckpoint(_folder["out"], 20), "the first checkpoint");
        var stopped = Processes.Below(run.Id, "trainer")[0];
        ChildProcess.Signal(stopped, "STOP");

        Assert.Equal(0, await run.Exit());

        Assert.False(Processes.Lives(stopped));
        Assert.Equal("trainer_silent", (string)RunFolder.Report(_folder["out"])["recoveries"]![0]!["cause"]!);
        Assert.Equal(200, RunFolder.Losses(_folder["out"]).Count);
    }

    [Fact]
    public async Task Ctrl_C_saves_a_checkpoint_and_the_printed_command_goes_on()
    {
        // So long that neither ends by itself, however late the wish to pause reaches the trainers.
        var spec = _folder.Spec(steps: 20_000);
        File.WriteAllText(spec, File.ReadAllText(spec).Replace("checkpoint_every: 20", "checkpoint_every: 20\n  keep_checkpoints: 1000"));
        await using var run = TemperProcess.Start(["run", spec, "--output", _folder["interrupted"]]);
        await Processes.Until(() => RunFolder.HasCheckpoint(_folder["interrupted"], 20), "the first checkpoint");
        var below = Processes.Below(run.Id, "trainer").Concat(Processes.Below(run.Id, "agent")).ToList();
        run.Signal("INT");
        Assert.Equal(130, await run.Exit());
        await Processes.Until(() => !below.Exists(Processes.Lives), "nothing is left");
        Assert.Contains($"temper run --resume {_folder["interrupted"]}", run.Output);
        var paused = RunFolder.Checkpoints(_folder["interrupted"]).Keys.Max();

        await Until(paused + 40, ["run", "--resume", _folder["interrupted"]], _folder["interrupted"]);
        await Until(paused + 40, ["run", spec, "--output", _folder["undisturbed"]], _folder["undisturbed"]);

        var (inTwo, whole) = (RunFolder.Checkpoints(_folder["interrupted"]), RunFolder.Checkpoints(_folder["undisturbed"]));
        var later = whole.Keys.Intersect(inTwo.Keys).Max();
        Assert.InRange(later, paused + 1, int.MaxValue);
        Assert.Equal(Weights(whole[later]), Weights(inTwo[later]));

        static async Task Until(int step, string[] command, string output)
        {
            await using var run = TemperProcess.Start(command);
            await Processes.Until(() => RunFolder.HasCheckpoint(output, step), $"the checkpoint of step {step} or a later one");
            run.Signal("INT");
            Assert.Equal(130, await run.Exit());
        }
    }

    [Fact]
    public async Task A_killed_command_leaves_nothing_behind_and_can_be_resumed()
    {
        await using var run = TemperProcess.Start(["run", _folder.Spec(UndisturbedRun.Steps), "--output", _folder["out"]]);
        await Processes.Until(() => RunFolder.HasCheckpoint(_folder["out"], 20), "the first checkpoint");
        var below = Processes.Below(run.Id, "trainer").Concat(Processes.Below(run.Id, "agent")).ToList();
        run.Signal("KILL");
        await Processes.Until(() => !below.Exists(Processes.Lives), "agent and trainers end with the command");

        var (exit, output) = await TemperProcess.Run("run", "--resume", _folder["out"]);

        Assert.True(exit == 0, output);
        Assert.Equal(RunFolder.Losses(await undisturbed.Output), RunFolder.Losses(_folder["out"]));
    }

    [Fact]
    public async Task Training_that_diverges_ends_as_failed_and_says_why()
    {
        var spec = _folder.Spec(steps: 40);
        File.WriteAllText(spec, File.ReadAllText(spec).Replace("learning_rate: 2e-3", "learning_rate: 1e3\n    weight_decay: 1.0").Replace("warmup: 20", "warmup: 1"));

        var (exit, output) = await TemperProcess.Run("run", spec, "--output", _folder["out"]);

        Assert.Equal(1, exit);
        Assert.Contains("Lower the learning rate", output.ReplaceLineEndings(" "));
    }

    [Fact]
    public async Task A_wrong_spec_is_refused_with_every_mistake_and_leaves_nothing()
    {
        var spec = _folder.Spec();
        File.WriteAllText(spec, File.ReadAllText(spec).Replace("batch: 32", "batch: 33").Replace("builtin: months", "builtin: mnths").Replace("workers: 2", "wrokers: 2\nworkers: 2"));

        var (exit, output) = await TemperProcess.Run("run", spec, "--output", _folder["out"]);

        Assert.Equal(2, exit);
        foreach (var place in new[] { "training.batch", "tasks.months.builtin", "wrokers" })
        {
            Assert.Contains(place, output);
        }

        Assert.False(Directory.Exists(_folder["out"]));

        Directory.CreateDirectory(_folder["empty"]);
        Assert.Equal(2, (await TemperProcess.Run("run", spec, "--output", _folder["empty"])).ExitCode);
        Assert.Empty(Directory.GetFileSystemEntries(_folder["empty"]));
    }

    [Theory]
    [InlineData("list", "--server", "http://127.0.0.1:1")]
    [InlineData("tokenize", "--vocab", "no.model", "--input", "temper.dll", "--output", "out")]
    [InlineData("run", "--resume", ".")]
    [InlineData("decode", "--model", ".", "--input", "temper.dll", "--output", "out")]
    [InlineData("score", "--model", ".", "--input", "temper.dll", "--output", "out", "--device", "cuda")]
    public async Task A_failure_is_one_line_that_says_what_to_do(params string[] arguments)
    {
        var (exit, output) = await TemperProcess.Run(arguments);

        Assert.Equal(1, exit);
        Assert.StartsWith("temper: ", Assert.Single(output.Split('\n', StringSplitOptions.RemoveEmptyEntries)));
    }

    [Fact]
    public async Task A_model_that_a_run_left_decodes_scores_and_is_evaluated()
    {
        var spec = _folder.Spec(steps: 20, workers: 1);
        Assert.Equal(0, (await TemperProcess.Run("run", spec, "--output", _folder["out"])).ExitCode);
        File.WriteAllLines(_folder["rows.jsonl"], ["{\"inputs\":\"arithmetic: 1 + 2\",\"targets\":\"3\"}", "{\"inputs\":\"<b>[bold]\",\"targets\":\"ä\"}"]);
        var model = Path.Combine(_folder["out"], "model");

        Assert.Equal(0, (await TemperProcess.Run("decode", "--model", model, "--input", _folder["rows.jsonl"], "--output", _folder["decoded.jsonl"], "--max-new-tokens", "5")).ExitCode);
        Assert.Equal(0, (await TemperProcess.Run("score", "--model", model, "--input", _folder["rows.jsonl"], "--output", _folder["scored.jsonl"])).ExitCode);
        Assert.Equal(0, (await TemperProcess.Run("evaluate", spec, "--model", model, "--max-examples", "5", "--output", _folder["metrics.json"])).ExitCode);
        Assert.Equal(0, (await TemperProcess.Run("export", _folder["out"], "--output", _folder["exported"])).ExitCode);

        var decoded = File.ReadLines(_folder["decoded.jsonl"]).Select(line => JsonNode.Parse(line)!).ToList();
        Assert.Equal(["arithmetic: 1 + 2", "<b>[bold]"], decoded.Select(row => (string)row["inputs"]!));
        Assert.All(decoded, row => Assert.InRange(row["output_ids"]!.AsArray().Count, 0, 5));
        var scored = File.ReadLines(_folder["scored.jsonl"]).Select(line => JsonNode.Parse(line)!).ToList();
        Assert.Equal([2, 3], scored.Select(row => (int)row["tokens"]!));
        Assert.All(scored, row => Assert.True((double)row["score"]! < 0));
        Assert.Contains("months", File.ReadAllText(_folder["metrics.json"]));
        Assert.Equal(File.ReadAllBytes(Path.Combine(model, "model.safetensors")), File.ReadAllBytes(Path.Combine(_folder["exported"], "model.safetensors")));
    }

    private static byte[] Model(string output) => Weights(Path.Combine(output, "model"));

    private static byte[] Weights(string folder) => File.ReadAllBytes(Path.Combine(folder, "model.safetensors"));

    private static string Metrics(JsonNode report) => string.Join('\n', report["tasks"]!.AsObject().Select(task => $"{task.Key} {task.Value!["metrics"]!.ToJsonString()}"));
}
