using System.Net;
using System.Net.Http.Headers;
using Temper.TestKit;

namespace Temper.EndToEnd.Tests.Processes;

/// <summary><c>temper key</c> beside a coordinator that runs.</summary>
[Collection("processes")]
public sealed class KeyCommandTests : IDisposable
{
    private readonly RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_key_opens_a_running_coordinator_until_it_is_revoked()
    {
        await using var coordinator = Serve("http://127.0.0.1:0");
        var address = (await coordinator.Says("coordinator at")).Split(' ')[^1];
        Assert.Equal(HttpStatusCode.OK, await Get(address, null));

        var (key, said) = await Create("viewer");
        Assert.Matches("^tmp_[0-9a-f]{64}$", key);
        Assert.DoesNotContain(key, said);
        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.OK), (await Get(address, null), await Get(address, key)));
        var (exit, output) = await TemperProcess.Run("submit", _folder.Spec(), "--server", address, "--api-key", key);
        Assert.Equal(1, exit);
        Assert.Contains("The API key 'the viewer' has the role viewer, and this call needs submitter.", output);

        (exit, output) = await TemperProcess.Run("key", "list", "--state", _folder["state"]);
        var shown = Assert.Single(output.Split('\n'), line => line.Contains("the viewer"));
        Assert.Equal((0, true), (exit, shown.Contains("valid")));
        Assert.DoesNotContain(key, output);
        var id = shown.Split(' ', StringSplitOptions.RemoveEmptyEntries)[0];
        (exit, output) = await TemperProcess.Run("key", "revoke", id, "--state", _folder["state"]);
        Assert.Equal((0, HttpStatusCode.Unauthorized), (exit, await Get(address, key)));
        Assert.Contains("It was the last one", output);
    }

    [Fact]
    public async Task Beyond_loopback_nothing_starts_before_there_is_a_key_and_the_refusal_says_how_to_make_one()
    {
        await using (var refused = Serve("http://0.0.0.0:0"))
        {
            Assert.Equal(1, await refused.Exit());
            Assert.Contains($"`temper key create --name NAME --role admin --state {_folder["state"]}`", refused.Output);
        }

        await Create("admin");
        await using var coordinator = Serve("http://0.0.0.0:0");
        await coordinator.Says("coordinator at");
    }

    [Theory]
    [InlineData("There is no role 'boss'. Write one of viewer, submitter, admin.", "create", "--name", "x", "--role", "boss")]
    [InlineData("The name of the key is empty.", "create", "--name", " ", "--role", "admin")]
    [InlineData("There is no key 'nosuchid'.", "revoke", "nosuchid")]
    public async Task What_is_wrong_is_said_in_one_line(string why, params string[] arguments)
    {
        await Create("admin");

        var (exit, output) = await TemperProcess.Run(["key", .. arguments, "--state", _folder["state"]]);

        Assert.Equal(2, exit);
        Assert.StartsWith($"temper: {why}", Assert.Single(output.Split('\n', StringSplitOptions.RemoveEmptyEntries)));
    }

    [Theory]
    [InlineData("key", "create", "--role", "admin")]
    [InlineData("key", "list", "--state", "no-such-folder")]
    [InlineData("key", "revoke", "x", "--state", ".")]
    public async Task What_is_missing_is_a_usage_error_too(params string[] arguments) =>
        Assert.Equal(2, (await TemperProcess.Run(arguments)).ExitCode);

    private async Task<(string Key, string Said)> Create(string role)
    {
        await using var process = TemperProcess.Start(["key", "create", "--name", $"the {role}", "--role", role, "--state", _folder["state"]]);
        Assert.True(await process.Exit() == 0, process.Output);
        var key = Assert.Single(process.Printed.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        return (key, process.Output.Replace(key + '\n', ""));
    }

    private ChildProcess Serve(string url) => TemperProcess.Start(
        ["serve", "--url", url, "--state", _folder["state"], "--data", AppContext.BaseDirectory, "--output", _folder["runs"]],
        new Dictionary<string, string> { ["TEMPER_AGENT_TOKEN"] = "a-token-for-tests" });

    private static async Task<HttpStatusCode> Get(string address, string? key)
    {
        using var http = new HttpClient();
        http.DefaultRequestHeaders.Authorization = key is null ? null : new AuthenticationHeaderValue("Bearer", key);
        using var answer = await http.GetAsync($"{address}api/v1/runs");
        return answer.StatusCode;
    }
}
