using System.Text.RegularExpressions;
using Temper.TestKit;

namespace Temper.Deploy.Tests.Charts;

/// <summary>compose.yaml says the same as the chart, on one machine.</summary>
public sealed partial class ComposeTests
{
    private const string Shell = "exec /app/temper ";

    [Fact]
    public void Temper_understands_every_command_and_health_check()
    {
        var commands = Temper().Select(pair => Arguments(pair.Value)).ToList();
        var checks = Temper().Select(pair => pair.Value.Healthcheck?.Test).OfType<IList<string>>().ToList();

        Assert.Equal(["serve", "serve", "agent", "agent"], commands.Select(command => command[0]));
        Assert.All(commands, command => ProgramNames.Parse(command));
        Assert.All(checks, check => Assert.Equal(["CMD", ProgramNames.Path], check.Take(2)));
        Assert.All(checks, check => ProgramNames.Parse(check.Skip(2)));
    }

    [Fact]
    public void Temper_reads_every_variable_that_it_is_given_and_the_example_sets_those_that_are_asked_for()
    {
        var example = File.ReadAllLines(Path.Combine(Repository.Root, ".env.example")).Where(line => line.Length > 0 && line[0] != '#').ToList();
        var variables = Compose.File.Services.Values.SelectMany(service => service.Environment);
        // With a default after :- nobody must set them.
        var asked = variables.SelectMany(pair => Variable().Matches(pair.Value)).Select(match => match.Groups[1].Value).Distinct();

        Assert.All(variables.Select(pair => pair.Key).Concat(asked).Where(name => name.StartsWith("TEMPER_", StringComparison.Ordinal)), name => Assert.Contains(name, ProgramNames.Variables));
        Assert.Equal(asked.Order(StringComparer.Ordinal), example.Select(line => line.TrimEnd('=')).Order(StringComparer.Ordinal));
        Assert.All(example, line => Assert.EndsWith("=", line, StringComparison.Ordinal));
        Assert.All(asked, name => Assert.Contains(variables, pair => pair.Value.Contains($"${{{name}:?", StringComparison.Ordinal)));
    }

    [Fact]
    public void Ports_and_folders_are_those_of_the_chart()
    {
        var chart = Chart.With("default").PodsOf("coordinator").Single().Container;
        var ports = CoordinatorPorts.Of(chart.Args);
        var coordinators = Temper().Where(pair => Arguments(pair.Value)[0] == "serve").ToList();

        Assert.All(coordinators, pair =>
        {
            var arguments = Arguments(pair.Value);
            Assert.Equal(ports, CoordinatorPorts.Of(arguments));
            Assert.Subset(arguments.ToHashSet(), chart.Args.Where(argument => argument.StartsWith("--data", StringComparison.Ordinal) || argument.StartsWith("--output", StringComparison.Ordinal)).ToHashSet());
            Assert.EndsWith($":{ports.Rest}", pair.Value.Ports.Single(), StringComparison.Ordinal);
        });
        Assert.All(Temper(), pair => Assert.Equal(["/runs", "/data"], pair.Value.Volumes.Select(volume => volume.Split(":/")[1]).Select(path => "/" + path.Split(':')[0])));
        Assert.All(Temper().Where(pair => Arguments(pair.Value)[0] == "agent"), pair =>
        {
            var arguments = Arguments(pair.Value);
            Assert.Equal(coordinators.Select(one => $"--server=http://{one.Key}:{ports.Rest}"), arguments.Where(argument => argument.StartsWith("--server", StringComparison.Ordinal)));
            Assert.Contains($"--id={pair.Key}", arguments);
            Assert.Contains($"--advertise={pair.Key}", arguments);
            Assert.Contains($"--metrics-url=http://0.0.0.0:{ports.Metrics}", arguments);
        });
    }

    [Fact]
    public void Only_this_machine_can_reach_what_is_published() =>
        Assert.All(Compose.File.Services.Values.SelectMany(service => service.Ports), port => Assert.StartsWith("127.0.0.1:", port, StringComparison.Ordinal));

    [Fact]
    public void Images_have_versions_and_those_of_temper_are_built_as_the_Dockerfile_says()
    {
        Assert.All(Compose.File.Services.Values, service => Assert.Matches(":v?[0-9]+([.][0-9]+)+", service.Image));
        Assert.All(Temper(), pair =>
        {
            Assert.Equal((".", Dockerfile.Path), (pair.Value.Build!.Context, pair.Value.Build.Dockerfile));
            Assert.Equal(Dockerfile.Targets[pair.Value.Build.Target], pair.Value.Image);
        });
        Assert.Equal(Compose.File.Services["postgres"].Image, Chart.With("default").PodsOf("postgres").Single().Container.Image);
    }

    [Fact]
    public void Containers_have_no_more_rights_than_they_need() => Assert.All(Compose.File.Services, pair =>
    {
        Assert.Contains("no-new-privileges:true", pair.Value.SecurityOpt);
        // PostgreSQL's image changes the user itself, for which it must be root.
        Assert.Equal(pair.Key != "postgres", pair.Value.ReadOnly && pair.Value.CapDrop.Contains("ALL"));
    });

    [Fact]
    public void Volumes_and_services_that_are_named_are_there()
    {
        var (services, volumes) = (Compose.File.Services, Compose.File.Volumes);
        var mounted = services.Values.SelectMany(service => service.Volumes).Select(volume => volume.Split(":/")[0]).Distinct().ToList();

        Assert.Equal(volumes.Keys.Order(), mounted.Where(source => source[0] is not ('.' or '$')).Order());
        Assert.All(mounted.Where(source => source[0] == '.'), source => Assert.True(Path.Exists(Path.Combine(Repository.Root, source)), source));
        Assert.All(services.Values.SelectMany(service => service.DependsOn), pair =>
        {
            Assert.Equal("service_healthy", pair.Value.What);
            Assert.NotNull(services[pair.Key].Healthcheck);
        });
    }

    private static IEnumerable<KeyValuePair<string, Service>> Temper() => Compose.File.Services.Where(pair => pair.Value.Image.StartsWith("temper-", StringComparison.Ordinal));

    // A coordinator is started by a shell, which tells it its address.
    private static List<string> Arguments(Service service)
    {
        if (service.Entrypoint is null)
        {
            return [.. service.Command!];
        }

        Assert.Equal(["/bin/sh", "-c"], service.Entrypoint);
        var line = service.Command!.Single();
        Assert.StartsWith(Shell, line, StringComparison.Ordinal);
        return [.. line[Shell.Length..].Replace("\"$$(hostname -i)\"", ProgramNames.SomeAddress, StringComparison.Ordinal).Split(' ')];
    }

    [GeneratedRegex(@"\$\{([A-Z_]+)(?::\?[^}]*)?\}")]
    private static partial Regex Variable();
}
