using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;
using Temper.TestKit;

namespace Temper.EndToEnd.Tests.Processes;

/// <summary>Real processes that exchange by the stand-in for NCCL, which fails on demand.</summary>
[Collection("processes")]
public sealed class NcclTests(NcclTests.Undisturbed ring) : IClassFixture<NcclTests.Undisturbed>, IDisposable
{
    private readonly RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_run_by_NCCL_has_the_losses_of_the_ring_bit_for_bit()
    {
        var report = await Report();

        Assert.Equal(RunFolder.Losses(ring.Output), RunFolder.Losses(_folder["out"]));
        Assert.Equal(Model(ring.Output), Model(_folder["out"]));
        Assert.Empty(report["recoveries"]!.AsArray());
        Assert.Contains("rank 1 computes on cpu and exchanges by NCCL 22800", File.ReadAllText(Path.Combine(_folder["out"], "logs", "epoch-1-rank-1.log")));
    }

    [Theory]
    [InlineData("rank=1,op=init,kind=hang", "exchange", "joining NCCL", "It blames rank 1 on agent local", 0)]
    [InlineData("rank=1,op=allreduce,call=30,kind=error", "exchange", "(call 30)", "NCCL says 'unhandled system error: a fault that was asked for'", 20)]
    [InlineData("rank=0,op=allreduce,call=30,kind=hang", "exchange", "(call 30): it did not end within 00:00:20", "It blames rank 0 on agent local", 20)]
    [InlineData("rank=1,op=allreduce,call=30,kind=exit", "trainer_died", "rank 1", "ended with exit code 13", 20)]
    public async Task What_goes_wrong_in_NCCL_names_the_rank_and_costs_no_bit(string fault, string cause, string where, string why, int fromStep)
    {
        File.WriteAllText(_folder["once"], "");

        var report = await Report($"{fault},once={_folder["once"]}");

        var recovery = Assert.Single(report["recoveries"]!.AsArray())!;
        Assert.False(File.Exists(_folder["once"]));
        Assert.Equal((cause, fromStep), ((string)recovery["cause"]!, (int)recovery["from_step"]!));
        Assert.Contains(where, (string)recovery["message"]!, StringComparison.Ordinal);
        Assert.Contains(why, (string)recovery["message"]!, StringComparison.Ordinal);
        Assert.Equal(RunFolder.Losses(ring.Output), RunFolder.Losses(_folder["out"]));
        Assert.InRange(SecondsLost(), 0, 60);
    }

    [Fact]
    public async Task Without_the_library_a_run_says_what_to_do()
    {
        await using var run = TemperProcess.Start(
            ["run", Spec(_folder, "nccl"), "--output", _folder["out"]], new Dictionary<string, string> { ["TEMPER_NCCL"] = "/nowhere/libnccl.so.2" });

        Assert.Equal(1, await run.Exit());
        Assert.Contains("NCCL does not load from '/nowhere/libnccl.so.2'", string.Join(' ', run.Output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    /// <summary>The report of a run by NCCL in which this goes wrong.</summary>
    private async Task<JsonNode> Report(string fault = "rank=-1")
    {
        await using var run = TemperProcess.Start(
            ["run", Spec(_folder, "nccl"), "--output", _folder["out"]],
            new Dictionary<string, string>
            {
                ["TEMPER_NCCL"] = NcclStandIn.Path,
                ["NCCL_STANDIN_DIR"] = NcclStandIn.Folder,
                ["NCCL_STANDIN_FAULT"] = fault,
            });
        Assert.True(await run.Exit() == 0, run.Output);
        return RunFolder.Report(_folder["out"]);
    }

    /// <summary>From what was last heard of the epoch that failed to the start of the next one, by the run's own clock.</summary>
    private double SecondsLost()
    {
        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = Path.Combine(_folder["out"], "state", "state.db"), Mode = SqliteOpenMode.ReadOnly }.ToString());
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = """
            SELECT 86400 * (julianday((SELECT MIN(at) FROM events WHERE kind = 'started' AND id > failed.id)) - julianday((SELECT MAX(at) FROM events WHERE id < failed.id)))
            FROM events failed WHERE kind = 'recovery'
            """;
        return (double)command.ExecuteScalar()!;
    }

    private static string Spec(RunFolder folder, string collective) =>
        folder.Spec(steps: 60, more: $"collective: {collective}\nrecovery: {{exchange_timeout_seconds: 20}}");

    private static byte[] Model(string output) => File.ReadAllBytes(Path.Combine(output, "model", "model.safetensors"));

    /// <summary>The same run over the ring, with which nothing goes wrong.</summary>
    public sealed class Undisturbed : IAsyncLifetime
    {
        private readonly RunFolder _folder = new();

        public string Output => _folder["out"];

        public async ValueTask InitializeAsync()
        {
            var (exit, output) = await TemperProcess.Run("run", Spec(_folder, "ring"), "--output", Output);
            Assert.True(exit == 0, output);
        }

        public ValueTask DisposeAsync()
        {
            _folder.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
