using System.Net;
using System.Text.Json;
using Temper.Coordinator.Tests.Support;

namespace Temper.Coordinator.Tests.Api;

/// <summary>Output folders lie beside each other: a run deletes and replaces what is in its own.</summary>
[Trait("kind", "integration")]
public sealed class OutputFoldersTests(SharedCoordinator shared) : IClassFixture<SharedCoordinator>
{
    private readonly CoordinatorUnderTest _coordinator = shared.Coordinator;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("runs", ".")]
    [InlineData("runs", "")]
    [InlineData("runs", "a/..")]
    [InlineData("runs", "to-root")]
    [InlineData("experiments", ".")]
    public async Task The_output_root_itself_is_refused(string kind, string path)
    {
        Link("to-root", ".");
        // Nothing named is a folder of its own; the full path of the root is the root.
        var output = path.Length > 0 ? path : _coordinator.Output;

        var problem = await RefusedAsync(kind, output, HttpStatusCode.UnprocessableEntity, "spec_invalid");

        var error = problem.GetProperty("errors")[0];
        Assert.Equal("?output", error.GetProperty("path").GetString());
        Assert.Equal($"The folder '{output}' is the output root of this server itself, in which the folders of all runs lie. Name one below {_coordinator.Output}.", error.GetProperty("message").GetString());
    }

    [Theory]
    [InlineData("runs", "outer", "outer/model")]
    [InlineData("runs", "outer2", "x/../outer2/deep/er")]
    [InlineData("runs", "outer3", "to-outer3/model")]
    [InlineData("runs", "inner/most", "inner")]
    [InlineData("experiments", "outer4", "outer4/study")]
    [InlineData("experiments", "inner5/run", "inner5")]
    public async Task A_folder_in_that_of_a_waiting_run_or_around_it_is_refused(string kind, string first, string second)
    {
        Link("to-outer3", "outer3");
        var waiting = await _coordinator.SubmitAsync("first", query: $"?output={first}");

        var problem = await RefusedAsync(kind, second, HttpStatusCode.Conflict, "output_taken");

        var detail = problem.GetProperty("detail").GetString()!;
        Assert.Contains($"'{waiting.Id}'", detail);
        Assert.Contains(waiting.OutputDirectory, detail);
        Assert.Contains("Name a folder beside it, or cancel that one.", detail);
    }

    [Fact]
    public async Task A_folder_in_that_of_an_experiment_is_refused_whose_own_runs_lie_there()
    {
        var response = await _coordinator.PostAsync("/api/v1/experiments?output=study", CoordinatorUnderTest.Experiment());
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        var id = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Ct)).RootElement.GetProperty("id").GetString();

        foreach (var (kind, output) in new[] { ("runs", "study/runs/parent"), ("runs", "study/mine"), ("experiments", "study/runs/parent"), ("runs", "study") })
        {
            var problem = await RefusedAsync(kind, output, HttpStatusCode.Conflict, "output_taken");
            Assert.Contains($"'{id}'", problem.GetProperty("detail").GetString());
        }
    }

    [Theory]
    [InlineData("ended/model/again", true)]
    [InlineData("ended/new", true)]
    [InlineData("ended-too", false)]
    [InlineData("ende", false)]
    public async Task What_an_ended_run_left_is_nobody_elses_to_write_in(string output, bool isRefused)
    {
        var folder = $"results-{Guid.NewGuid():N}-";
        var ended = await _coordinator.SubmitAsync("ended", query: $"?output={folder}ended");
        await _coordinator.PostAsync($"/api/v1/runs/{ended.Id}/cancel");
        // It wrote nothing yet: its folder is as good as any.
        await _coordinator.PostAsync($"/api/v1/runs/{(await _coordinator.SubmitAsync("second", query: $"?output={folder}ended/inner")).Id}/cancel");
        Directory.CreateDirectory(Path.Combine(ended.OutputDirectory, "model"));

        if (isRefused)
        {
            var problem = await RefusedAsync("runs", folder + output, HttpStatusCode.Conflict, "output_not_empty");
            Assert.Contains($"{ended.OutputDirectory}, where the results of '{ended.Id}' are", problem.GetProperty("detail").GetString());
        }
        else
        {
            await _coordinator.SubmitAsync("beside", query: $"?output={folder}{output}");
        }
    }

    [Fact]
    public async Task A_folder_in_that_of_a_run_of_another_coordinator_is_refused()
    {
        // What `temper run` leaves: its books are its own.
        var other = Path.Combine(_coordinator.Output, "laptop");
        Directory.CreateDirectory(Path.Combine(other, "state"));
        await File.WriteAllTextAsync(Path.Combine(other, "spec.yaml"), "name: theirs\n", Ct);

        var problem = await RefusedAsync("runs", "laptop/model/mine", HttpStatusCode.Conflict, "output_not_empty");

        Assert.Contains($"lies in {other}, where a run or an experiment of another coordinator writes", problem.GetProperty("detail").GetString());
    }

    private async Task<JsonElement> RefusedAsync(string kind, string output, HttpStatusCode status, string cause)
    {
        var text = kind == "runs" ? CoordinatorUnderTest.Yaml("nested") : CoordinatorUnderTest.Experiment();
        var response = await _coordinator.PostAsync($"/api/v1/{kind}?output={Uri.EscapeDataString(output)}", text);
        var said = await response.Content.ReadAsStringAsync(Ct);
        Assert.True(status == response.StatusCode, $"{(int)response.StatusCode}: {said}");
        var problem = JsonDocument.Parse(said).RootElement;
        Assert.Equal(cause, problem.GetProperty("cause").GetString());
        return problem;
    }

    private void Link(string name, string target)
    {
        var link = Path.Combine(_coordinator.Output, name);
        if (new FileInfo(link).LinkTarget is null)
        {
            Directory.CreateSymbolicLink(link, target);
        }
    }
}
