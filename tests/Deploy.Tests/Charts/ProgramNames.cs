using System.CommandLine;
using System.Text.RegularExpressions;
using Temper.Cli.Commands;
using Temper.TestKit;

namespace Temper.Deploy.Tests.Charts;

/// <summary>The names by which the program itself knows its arguments and variables.</summary>
internal static partial class ProgramNames
{
    /// <summary>Where the images have the program.</summary>
    public const string Path = "/app/temper";

    /// <summary>An address in place of what only a running container knows.</summary>
    public const string SomeAddress = "10.0.0.9";

    /// <summary>Every environment variable that the code reads: their names stand in it as whole texts.</summary>
    public static IReadOnlySet<string> Variables { get; } = Directory
        .EnumerateFiles(System.IO.Path.Combine(Repository.Root, "src"), "*.cs", SearchOption.AllDirectories)
        .SelectMany(path => VariableText().Matches(File.ReadAllText(path)))
        .Select(match => match.Groups[1].Value)
        .ToHashSet();

    /// <summary>Reads arguments as <c>temper</c> would; fails the calling test where it would refuse them.</summary>
    public static ParseResult Parse(IEnumerable<string> arguments)
    {
        var list = arguments.Select(argument => Placeholder().Replace(argument, SomeAddress)).ToList();
        var result = TemperCommand.Create().Parse(list);
        Assert.True(result.Errors.Count == 0, $"temper {string.Join(' ', list)}: {string.Join(' ', result.Errors.Select(error => error.Message))}");
        return result;
    }

    [GeneratedRegex("\"(TEMPER_[A-Z_]+)\"")]
    private static partial Regex VariableText();

    // $(POD_IP) in Kubernetes.
    [GeneratedRegex(@"\$\([A-Z_]+\)")]
    private static partial Regex Placeholder();
}

/// <summary>Where a coordinator listens, as its arguments say.</summary>
internal sealed record CoordinatorPorts(int Rest, int Silo, int Gateway, int Metrics)
{
    /// <summary>Those of the chart's coordinators.</summary>
    public static CoordinatorPorts Of(Chart chart) => Of(chart.PodsOf("coordinator").Single().Container.Args);

    /// <summary>Those that arguments of <c>temper serve</c> name.</summary>
    public static CoordinatorPorts Of(IEnumerable<string> arguments)
    {
        var serve = ProgramNames.Parse(arguments);
        return new(
            new Uri(serve.GetRequiredValue<string>("--url")).Port,
            serve.GetValue<int>("--silo-port"),
            serve.GetValue<int>("--gateway-port"),
            new Uri(serve.GetRequiredValue<string>("--metrics-url")).Port);
    }
}
