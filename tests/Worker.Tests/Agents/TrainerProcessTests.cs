using System.Diagnostics;
using Temper.Worker.Agents;
using Temper.Worker.Observability;

namespace Temper.Worker.Tests.Agents;

public sealed class TrainerProcessTests : IDisposable
{
    private const string Assigned = "read -r assignment\n";
    private readonly string _output = Directory.CreateTempSubdirectory("temper-agent-").FullName;

    private string Log => Path.Combine(_output, "logs", "epoch-1-rank-0.log");

    public void Dispose() => Directory.Delete(_output, recursive: true);

    [Theory]
    [InlineData("echo '{}'")]
    [InlineData("echo null")]
    [InlineData("echo 5")]
    [InlineData("echo '[]'")]
    [InlineData("echo '{\"step\":7}'")]
    [InlineData("echo '{\"event\":\"step\"}'")]
    [InlineData("echo '{\"event\":\"ready\"}'")]
    [InlineData("echo '{\"event\":\"stopped\",\"step\":\"seven\"}'")]
    [InlineData("echo '{\"event\":\"from_the_future\"}'")]
    [InlineData("echo")]
    [InlineData("printf '\\377\\376\\n'")]
    [InlineData("printf '\\000\\355\\240\\200\\n'")]
    [InlineData("head -c 20000000 /dev/zero | tr '\\000' x; echo")]
    public async Task A_line_that_is_no_event_goes_to_the_log_and_the_next_one_is_heard(string line)
    {
        using var trainer = Start($"{Assigned}{line}\nyes 'a line for people' | head -n 10000\necho '{{\"event\":\"log\",\"message\":\"still here\"}}'\necho '{{\"event\":\"stopped\",\"step\":7}}'");
        await ShellTrainer.Until(() => trainer.HasEnded, "the trainer's end is noticed");

        Assert.Equal(["""{"event":"log","message":"still here"}""", """{"event":"stopped","step":7}"""], trainer.Report(100).Events);
    }

    [Fact]
    public async Task A_full_disk_costs_lines_of_the_log_and_nothing_else()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Log)!);
        File.CreateSymbolicLink(Log, "/dev/full");
        using var trainer = Start($"{Assigned}echo one >&2\necho two\necho three >&2\necho '{{\"event\":\"ready\",\"offer\":\"x\"}}'\nread -r command\necho four >&2\necho '{{\"event\":\"stopped\",\"step\":7}}'");
        await ShellTrainer.Until(() => trainer.UnacknowledgedCount == 1, "the trainer is ready");

        // There is space again.
        File.Delete(Log);
        trainer.Follow(ShellTrainer.Order(_output, stop: true));
        await ShellTrainer.Until(() => trainer.HasEnded, "the trainer's end is noticed");

        Assert.Equal(2, trainer.Report(100).Events.Count);
        Assert.EndsWith("four\n", await File.ReadAllTextAsync(Log, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_folder_that_cannot_be_made_costs_the_log_and_nothing_else()
    {
        var file = Path.Combine(_output, "file");
        await File.WriteAllTextAsync(file, "", TestContext.Current.CancellationToken);
        using var trainer = Start($"{Assigned}echo one >&2\necho '{{\"event\":\"stopped\",\"step\":7}}'", Path.Combine(file, "run"));
        await ShellTrainer.Until(() => trainer.HasEnded, "the trainer's end is noticed");

        Assert.Equal(["""{"event":"stopped","step":7}"""], trainer.Report(100).Events);
    }

    [Fact]
    public async Task A_folder_that_hangs_holds_up_neither_agent_nor_trainer()
    {
        // To open a pipe for writing waits for somebody who reads it.
        Directory.CreateDirectory(Path.GetDirectoryName(Log)!);
        using (var make = Process.Start("mkfifo", [Log]))
        {
            await make.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider();
        using var trainer = Start($"{Assigned}yes 'a line for people' | head -n 10000 >&2\necho '{{\"event\":\"stopped\",\"step\":7}}'", time: time);
        await ShellTrainer.Until(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(1));
                return trainer.HasEnded;
            },
            "the trainer's end is noticed");

        Assert.Equal(["""{"event":"stopped","step":7}"""], trainer.Report(100).Events);
    }

    [Fact]
    public async Task A_trainer_that_reads_nothing_does_not_hold_up_the_agent()
    {
        using var trainer = Start("exec sleep 1000");
        // More than a pipe holds.
        trainer.Follow(ShellTrainer.Order(_output, offers: [new string('x', 1_000_000)]));
        trainer.Follow(ShellTrainer.Order(_output, stop: true));
        trainer.Kill();
        await ShellTrainer.Until(() => trainer.HasEnded, "the trainer's end is noticed");
    }

    private TrainerProcess Start(string script, string? output = null, TimeProvider? time = null) =>
        TrainerProcess.Start(ShellTrainer.Order(output ?? _output), ShellTrainer.Options(script), time ?? TimeProvider.System, new AgentMetrics());
}
