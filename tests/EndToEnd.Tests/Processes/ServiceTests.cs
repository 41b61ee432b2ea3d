using System.Net;
using System.Text.Json.Nodes;

namespace Temper.EndToEnd.Tests.Processes;

/// <summary>A coordinator and agents that were started by hand, as on a cluster.</summary>
[Collection("processes")]
public sealed class ServiceTests : IDisposable
{
    private readonly UndisturbedRun _undisturbed;
    private readonly RunFolder _folder = new();
    private readonly Service _service;

    public ServiceTests(UndisturbedRun undisturbed) => (_undisturbed, _service) = (undisturbed, new Service(_folder));

    public void Dispose()
    {
        _service.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_submitted_spec_gives_the_losses_of_the_one_command_to_the_last_bit()
    {
        await using var coordinator = _service.Serve();
        await using var one = _service.Agent("one");
        await using var two = _service.Agent("two");
        await coordinator.Says("coordinator at");
        var ended = await _service.End(await _service.Submit(_folder.Spec(UndisturbedRun.Steps)));

        Assert.Equal("succeeded", (string)ended["phase"]!);
        Assert.Equal(RunFolder.Losses(await _undisturbed.Output), RunFolder.Losses((string)ended["output_directory"]!));
    }

    [Fact]
    public async Task A_run_that_was_accepted_survives_a_coordinator_that_is_killed_at_once()
    {
        var spec = _folder.Spec(steps: 60, workers: 1);
        string run;
        await using (var first = _service.Serve())
        {
            await first.Says("coordinator at");
            run = await _service.Submit(spec);
            first.Signal("KILL");
            await first.Exit();
        }

        await using var second = _service.Serve();
        await using var agent = _service.Agent("one");
        await second.Says("coordinator at");

        Assert.Equal("succeeded", (string)(await _service.End(run))["phase"]!);
    }

    [Fact]
    public async Task Training_goes_on_while_the_coordinator_is_away()
    {
        await using var first = _service.Serve();
        await using var one = _service.Agent("one");
        await using var two = _service.Agent("two");
        await first.Says("coordinator at");
        var run = await _service.Submit(_folder.Spec(UndisturbedRun.Steps));
        var output = (string)_service.Show(run)["output_directory"]!;
        await Processes.Until(() => RunFolder.HasCheckpoint(output, 20), "the first checkpoint");
        first.Signal("KILL");
        await first.Exit();
        await Processes.Until(() => RunFolder.HasCheckpoint(output, 80), "checkpoints without a coordinator");

        await using var second = _service.Serve();
        await second.Says("coordinator at");
        var ended = await _service.End(run);

        Assert.Equal("succeeded", (string)ended["phase"]!);
        Assert.Empty(ended["recoveries"]!.AsArray());
        Assert.Equal(RunFolder.Losses(await _undisturbed.Output), RunFolder.Losses(output));
    }

    [Fact]
    public async Task A_wrong_spec_has_the_same_words_over_REST_and_on_the_command_line()
    {
        var spec = _folder.Spec();
        File.WriteAllText(spec, File.ReadAllText(spec).Replace("batch: 32", "batch: 33").Replace("temperature: 2", "temperature: -1"));
        await using var coordinator = _service.Serve();
        await coordinator.Says("coordinator at");

        using var answer = await _service.Http.PostAsync("api/v1/runs", Service.Yaml(File.ReadAllText(spec)));
        var (exit, printed) = await TemperProcess.Run("submit", spec, "--server", _service.Url);

        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.StatusCode);
        Assert.Equal(2, exit);
        var errors = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["errors"]!.AsArray();
        Assert.Equal(["mixture.temperature", "training.batch"], errors.Select(error => (string)error!["path"]!).Order());
        var words = string.Join(' ', printed.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        foreach (var error in errors)
        {
            Assert.Contains((string)error!["path"]!, words);
            Assert.Contains((string)error!["message"]!, words);
        }
    }
}
