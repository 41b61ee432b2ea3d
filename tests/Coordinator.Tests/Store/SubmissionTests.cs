using System.Net;
using Temper.Contracts.Runs;
using Temper.Coordinator.Configuration;
using Temper.Coordinator.Hosting;
using Temper.Coordinator.Tests.Support;

namespace Temper.Coordinator.Tests.Store;

[Trait("kind", "integration")]
public class SubmissionTests
{
    [Fact]
    public async Task A_run_that_was_answered_survives_the_loss_of_the_process()
    {
        await using var killed = await CoordinatorUnderTest.StartedAsync();
        var run = await killed.SubmitAsync();

        // What kill -9 would leave: the files as they are right after the answer.
        await using var restarted = new CoordinatorUnderTest { StateDirectory = Path.Combine(killed.Root, "after-the-crash") };
        Directory.CreateDirectory(restarted.StateDirectory);
        foreach (var file in Directory.GetFiles(killed.StateDirectory).Where(file => !file.EndsWith("lock", StringComparison.Ordinal) && !file.EndsWith("-shm", StringComparison.Ordinal)))
        {
            File.Copy(file, Path.Combine(restarted.StateDirectory, Path.GetFileName(file)));
        }

        await restarted.StartAsync();
        await restarted.ReconcileAsync();
        Assert.Equal(RunPhase.Queued, (await restarted.StatusAsync(run.Id)).Phase);
        var agent = restarted.Agent("a");
        await agent.BeatAsync();
        Assert.Equal(run.Id, agent.Trainer(0).RunId);
    }

    [Fact]
    public async Task Two_coordinators_do_not_share_a_state_folder()
    {
        await using var first = await CoordinatorUnderTest.StartedAsync();
        await using var second = new CoordinatorUnderTest { StateDirectory = first.StateDirectory };

        var refusal = await Assert.ThrowsAsync<InvalidOperationException>(second.StartAsync);
        Assert.Contains(first.StateDirectory, refusal.Message);
    }

    [Fact]
    public async Task Two_coordinators_run_side_by_side()
    {
        await using var first = await CoordinatorUnderTest.StartedAsync();
        await using var second = await CoordinatorUnderTest.StartedAsync();
        var run = await first.SubmitAsync();

        Assert.Equal(run.Id, (await first.StatusAsync(run.Id)).Id);
        Assert.Equal(0, (await second.GetAsync("/api/v1/runs")).GetProperty("items").GetArrayLength());
    }

    [Theory]
    [InlineData("http://0.0.0.0:0", "temper key create --name NAME --role admin --state /nonexistent")]
    [InlineData("http://loopback:0", "API key")]
    [InlineData("http://me@127.0.0.1:0", "not one to listen on")]
    [InlineData("http://127.0.0.1:0/;http://0.0.0.0:0", "not one to listen on")]
    [InlineData("https://127.0.0.1:0", "proxy")]
    [InlineData("nonsense", "not one to listen on")]
    public void Unsafe_options_are_refused(string url, string why)
    {
        var options = new CoordinatorOptions { StateDirectory = "/nonexistent", OutputRoot = "/nonexistent", DataRoots = [], AgentToken = "t", Url = url };

        Assert.Contains(why, Assert.Throws<ArgumentException>(() => CoordinatorHost.Build(options)).Message);
    }

    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("::")]
    public void A_cluster_address_that_agents_cannot_connect_to_is_refused(string address)
    {
        var options = new CoordinatorOptions { StateDirectory = "/nonexistent", OutputRoot = "/nonexistent", DataRoots = [], AgentToken = "t", ClusterAddress = IPAddress.Parse(address) };

        Assert.Contains($"cluster address {address}", Assert.Throws<ArgumentException>(() => CoordinatorHost.Build(options)).Message);
    }
}
