using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Temper.Cli.Commands;
using Temper.Coordinator.Configuration;
using Temper.Coordinator.Hosting;
using Temper.TestKit;
using YamlDotNet.RepresentationModel;
using k8s.Models;

namespace Temper.Deploy.Tests.Charts;

/// <summary>The chart says to the program only what the program understands.</summary>
public sealed partial class ProgramNamesTests
{
    public static TheoryData<string> AllValues => Chart.AllValues;

    [Theory]
    [MemberData(nameof(AllValues))]
    public void Temper_understands_the_arguments_of_every_container(string values) =>
        Assert.All(Chart.With(values).TemperPods, one =>
        {
            Assert.Null(one.Container.Command);
            ProgramNames.Parse(one.Container.Args);
        });

    [Theory]
    [MemberData(nameof(AllValues))]
    public void Temper_reads_every_variable_that_it_is_given(string values) => Assert.All(
        Chart.With(values).TemperPods.SelectMany(one => one.Container.Env).Select(variable => variable.Name).Where(name => name.StartsWith("TEMPER_", StringComparison.Ordinal)),
        name => Assert.Contains(name, ProgramNames.Variables));

    [Theory]
    [MemberData(nameof(AllValues))]
    public void Agents_get_no_secret_but_their_token(string values) => Assert.All(
        Chart.With(values).PodsOf("agent").SelectMany(pod => pod.Container.Env).Where(variable => variable.ValueFrom?.SecretKeyRef is not null),
        variable => Assert.Equal(("TEMPER_AGENT_TOKEN", "agent-token"), (variable.Name, variable.ValueFrom.SecretKeyRef.Key)));

    [Theory]
    [MemberData(nameof(AllValues))]
    public void Ports_are_those_that_the_program_is_told_to_listen_on(string values)
    {
        var chart = Chart.With(values);
        var ports = CoordinatorPorts.Of(chart);
        var service = Assert.Single(chart.All<V1Service>(), service => service.GetLabel("app.kubernetes.io/component") == "coordinator");

        Assert.Equal(
            [("gateway", ports.Gateway), ("http", ports.Rest), ("metrics", ports.Metrics), ("silo", ports.Silo)],
            chart.PodsOf("coordinator").Single().Container.Ports.Select(port => (port.Name, port.ContainerPort)).Order());
        Assert.Equal(ports.Rest, service.Spec.Ports.Single().Port);
        Assert.All(chart.PodsOf("agent"), agent =>
        {
            var parsed = ProgramNames.Parse([.. agent.Container.Args]);
            Assert.Equal(ports.Metrics, new Uri(parsed.GetRequiredValue<string>("--metrics-url")).Port);
            Assert.Equal([("metrics", ports.Metrics)], agent.Container.Ports.Select(port => (port.Name, port.ContainerPort)));
            Assert.Contains($"--server=http://{service.Name()}:{ports.Rest}", agent.Container.Args);
        });
    }

    [Fact]
    public void REST_listens_where_the_program_looks_for_it_unless_told_otherwise()
    {
        var serve = TemperCommand.Create().Parse(["serve"]);

        Assert.Equal(CoordinatorPorts.Of(Chart.With("default")).Rest, new Uri(serve.GetRequiredValue<string>("--url")).Port);
    }

    [Fact]
    public async Task Probes_ask_what_a_coordinator_answers_and_it_has_more_time_to_stop_than_it_takes()
    {
        var folder = Directory.CreateTempSubdirectory("temper-deploy-");
        try
        {
            await using var coordinator = CoordinatorHost.Build(new CoordinatorOptions { StateDirectory = folder.FullName, OutputRoot = folder.FullName, DataRoots = [], AgentToken = "a-token" });
            var answered = ((IEndpointRouteBuilder)coordinator).DataSources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>().Select(endpoint => endpoint.RoutePattern.RawText).ToList();
            var pod = Chart.With("default").PodsOf("coordinator").Single();
            var container = pod.Container;

            Assert.All([container.StartupProbe, container.ReadinessProbe, container.LivenessProbe], probe => Assert.Contains(probe.HttpGet.Path, answered));
            Assert.Equal(("/health/ready", "/health/ready", "/health/live"), (container.StartupProbe.HttpGet.Path, container.ReadinessProbe.HttpGet.Path, container.LivenessProbe.HttpGet.Path));
            var needed = TimeSpan.FromSeconds(container.Lifecycle.PreStop.Sleep.Seconds) + coordinator.Services.GetRequiredService<IOptions<HostOptions>>().Value.ShutdownTimeout;
            Assert.True(TimeSpan.FromSeconds(pod.Spec.TerminationGracePeriodSeconds!.Value) > needed, $"{needed} are needed");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void A_pod_of_an_agent_has_more_time_to_end_than_its_trainers_have_to_save_and_stop() => Assert.All(Chart.AllValues.SelectMany(row => Chart.With(row.Data).PodsOf("agent")), agent =>
    {
        var command = TemperCommand.Create().Parse([.. agent.Container.Args]);
        Assert.Empty(command.Errors);
        Assert.True(agent.Spec.TerminationGracePeriodSeconds >= command.GetRequiredValue<double?>("--drain-grace") + 10);
    });

    [Fact]
    public void An_agent_is_never_asked_whether_it_lives() =>
        Assert.All(Chart.AllValues.SelectMany(row => Chart.With(row.Data).PodsOf("agent")), agent => Assert.Null(agent.Container.LivenessProbe));

    [Theory]
    [MemberData(nameof(AllValues))]
    public void The_commands_that_an_installation_prints_are_understood(string values)
    {
        var (exitCode, output, error) = Helm.Run("install", Chart.Release, Chart.Folder, "--dry-run=client", "--namespace", Chart.Namespace, "--values", Chart.ValuesFile(values));
        Assert.True(exitCode == 0, error);
        var notes = output[output.IndexOf("NOTES:", StringComparison.Ordinal)..];
        var commands = Command().Matches(notes).Select(match => match.Groups[1].Value.Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToList();

        Assert.Equal(["submit", "key"], commands.Select(command => command[0]));
        // As typed in a clone of the repository.
        Assert.All(commands, command => ProgramNames.Parse(command.Select(word => word.StartsWith("examples/", StringComparison.Ordinal) ? Path.Combine(Repository.Root, word) : word)));
        Assert.Contains(Chart.With(values).All<V1Deployment>().Single().Name(), notes, StringComparison.Ordinal);
    }

    [Fact]
    public void The_chart_is_of_the_version_of_the_program()
    {
        var chart = new YamlStream();
        using var reader = File.OpenText(Path.Combine(Chart.Folder, "Chart.yaml"));
        chart.Load(reader);

        Assert.Equal(typeof(TemperCommand).Assembly.GetName().Version!.ToString(3), (string?)chart.Documents[0].RootNode["appVersion"]);
    }

    // As a user would type it, or in a container.
    [GeneratedRegex(@"(?:^ +|/app/)temper (.+)$", RegexOptions.Multiline)]
    private static partial Regex Command();
}
