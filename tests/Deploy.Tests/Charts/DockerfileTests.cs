using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Temper.Cli.Commands;
using Temper.TestKit;

namespace Temper.Deploy.Tests.Charts;

/// <summary>What can be said of the images without building them.</summary>
public sealed partial class DockerfileTests
{
    private const string User = "1654:1654";

    public static TheoryData<string> Targets => [.. Dockerfile.Targets.Keys];

    [Fact]
    public void The_images_are_those_that_the_chart_asks_for()
    {
        var asked = Chart.AllValues.SelectMany(row => Chart.With(row.Data).TemperPods).Select(pod => pod.Container.Image.Split('/')[^1]).Distinct();

        Assert.Equal(asked.Order(), Dockerfile.Targets.Values.Order());
        Assert.All(Dockerfile.Targets, target => Assert.Equal($"temper-{target.Key}", target.Value.Split(':')[0]));
    }

    [Theory]
    [MemberData(nameof(Targets))]
    public void Every_image_starts_temper_as_the_user_that_the_chart_runs_it_as(string target)
    {
        var stage = Assert.Single(Dockerfile.Stages, stage => stage.Name == target);

        Assert.Equal($"""["{ProgramNames.Path}"]""", stage.All("ENTRYPOINT").Single());
        Assert.Equal(User, stage.All("USER").Single());
        Assert.All(Chart.AllValues.SelectMany(row => Chart.With(row.Data).TemperPods), pod => Assert.Equal(User, $"{pod.Spec.SecurityContext.RunAsUser}:{pod.Spec.SecurityContext.RunAsGroup}"));
    }

    [Fact]
    public void The_ports_are_those_of_the_chart()
    {
        var ports = CoordinatorPorts.Of(Chart.With("default"));

        Assert.Equal(new[] { ports.Rest, ports.Silo, ports.Gateway, ports.Metrics }.Order(), Exposed("coordinator"));
        Assert.Equal([ports.Metrics], Exposed("agent"));
        Assert.Equal([ports.Metrics], Exposed("agent-cuda"));
    }

    [Theory]
    [MemberData(nameof(Targets))]
    public void What_is_published_is_what_is_started(string target)
    {
        var publish = Assert.Single(Dockerfile.Stages, stage => stage.Name == $"publish-{target}").All("RUN").Single();
        var folder = Assert.Single(Dockerfile.Stages, stage => stage.Name == target).All("COPY").Single(copy => copy.StartsWith($"--from=publish-{target} ", StringComparison.Ordinal)).Split(' ')[1..];

        Assert.Contains("dotnet publish src/Cli -c Release -r linux-x64 --self-contained false", publish, StringComparison.Ordinal);
        Assert.EndsWith("-o /app", publish, StringComparison.Ordinal);
        Assert.Equal(["/app/", "/app/"], folder);
        // `dotnet publish` names the executable after the assembly, and puts it where -o says, as the build puts it beside this test.
        Assert.Equal(ProgramNames.Path, $"/app/{typeof(TemperCommand).Assembly.GetName().Name}");
        Assert.True(File.Exists(Path.Combine(AppContext.BaseDirectory, Path.GetFileName(ProgramNames.Path))));
    }

    [Fact]
    public void Only_agents_carry_libtorch()
    {
        var backends = Dockerfile.Stages.Where(stage => stage.Name.StartsWith("publish-", StringComparison.Ordinal)).ToDictionary(stage => stage.Name, stage => Backend().Match(stage.All("RUN").Single()).Groups[1].Value);

        Assert.Equal(("none", "cpu", "cuda"), (backends["publish-coordinator"], backends["publish-agent"], backends["publish-agent-cuda"]));
    }

    [Fact]
    public void Every_file_that_is_copied_is_there_and_is_sent_to_the_builder()
    {
        var sent = SentToBuilder();
        foreach (var copy in Dockerfile.Stages.SelectMany(stage => stage.All("COPY")).Where(copy => !copy.StartsWith("--from=", StringComparison.Ordinal)))
        {
            Assert.All(copy.Split(' ')[..^1], source =>
            {
                Assert.True(Path.Exists(Path.Combine(Repository.Root, source)), source);
                Assert.Contains(source.TrimEnd('/'), sent);
            });
        }
    }

    [Fact]
    public void Everything_that_a_build_reads_is_sent_to_the_builder()
    {
        var read = Directory.EnumerateFiles(Repository.Root).Select(path => Path.GetFileName(path))
            .Where(name => name.StartsWith("Directory.", StringComparison.Ordinal) || name is "global.json" or ".editorconfig" or "NuGet.config" or "nuget.config");

        Assert.Equal(read.Append("src").Order(StringComparer.Ordinal), SentToBuilder().Order(StringComparer.Ordinal));
        Assert.All(
            from project in Directory.EnumerateFiles(Path.Combine(Repository.Root, "src"), "*.csproj", SearchOption.AllDirectories)
            from match in Include().Matches(File.ReadAllText(project))
            select Path.GetFullPath(Path.Combine(Path.GetDirectoryName(project)!, match.Groups[1].Value.Replace('\\', '/'))),
            path => Assert.StartsWith(Path.Combine(Repository.Root, "src"), path, StringComparison.Ordinal));
    }

    [Fact]
    public void Stages_take_only_from_stages_before_them_and_from_images_with_a_version()
    {
        var before = new List<string>();
        foreach (var stage in Dockerfile.Stages)
        {
            Assert.True(before.Contains(stage.From) || Version().IsMatch(stage.From), stage.From);
            Assert.All(stage.All("COPY").Where(copy => copy.StartsWith("--from=", StringComparison.Ordinal)), copy => Assert.Contains(copy.Split(' ')[0]["--from=".Length..], before));
            before.Add(stage.Name);
        }
    }

    [Fact]
    public void The_SDK_is_one_that_the_repository_builds_with()
    {
        var wanted = System.Version.Parse((string)JsonNode.Parse(File.ReadAllText(Path.Combine(Repository.Root, "global.json")))!["sdk"]!["version"]!);
        var used = System.Version.Parse(Dockerfile.Arguments["DOTNET_SDK"]);

        Assert.Equal((wanted.Major, wanted.Minor), (used.Major, used.Minor));
        Assert.True(used >= wanted);
        Assert.Equal(used.Major, System.Version.Parse(Dockerfile.Arguments["DOTNET_RUNTIME"]).Major);
    }

    private static HashSet<string> SentToBuilder()
    {
        var lines = File.ReadAllLines(Path.Combine(Repository.Root, ".dockerignore")).Where(line => line.Length > 0 && line[0] != '#').ToList();
        Assert.Equal("*", lines[0]);
        Assert.All(lines[1..], line => Assert.StartsWith("!", line, StringComparison.Ordinal));
        return [.. lines[1..].Select(line => line[1..])];
    }

    private static IEnumerable<int> Exposed(string target) => Dockerfile.Stages.Single(stage => stage.Name == target).All("EXPOSE").Single().Split(' ').Select(int.Parse).Order();

    [GeneratedRegex("-p:TorchBackend=([a-z]+)")]
    private static partial Regex Backend();

    [GeneratedRegex(":[0-9]+([.][0-9]+)+(-[a-z0-9.-]+)?$")]
    private static partial Regex Version();

    // Paths with a variable are MSBuild's to find.
    [GeneratedRegex("(?:Include|Project)=\"([^\"$;*]*[/\\\\][^\"$;*]*)\"")]
    private static partial Regex Include();
}
