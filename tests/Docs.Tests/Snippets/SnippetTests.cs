using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Temper.Cli.Commands;
using Temper.Mixture.Tasks;
using Temper.Planning;
using Temper.Planning.Experiments;
using Temper.Planning.Reading;
using Temper.Planning.Runs;
using Temper.TestKit;

namespace Temper.Docs.Tests.Snippets;

/// <summary>What the pages tell to enter and to save does what they say.</summary>
public partial class SnippetTests
{
    private const string Tutorial = "docs/tutorial.md";
    private const string PartOfARun = "part of a run";

    /// <summary>What follows numbers that tell how fast a machine is.</summary>
    private const string Unit = "ms|s|min [0-9]+ s|k|M";

    /// <summary>Served beside what docs/openapi.json describes.</summary>
    private static readonly string[] s_otherPaths = ["/", "/metrics", "/health/live", "/health/ready", "/openapi/v1.json"];

    public static TheoryData<string> Pages => ["README.md", .. Markdown.Pages.Where(page => Block.Of(page).Any(block => block.Language is "sh" or "yaml") && page != "README.md")];

    /// <summary>
    /// Runs the whole page in one shell, except for what a comment says cannot run here. Where the page shows what one will see, that is
    /// printed, numbers aside.
    /// </summary>
    [Fact]
    [Trait("kind", "integration")]
    public void The_tutorial_does_what_it_says()
    {
        Repository.Tool("bash");
        Repository.Tool("curl");
        Repository.Tool("openssl");
        using var reader = new ShellSession();
        var blocks = Block.Of(Tutorial);

        var (succeeded, printed) = reader.Follow(blocks.Where(block => block.Language == "sh" ? block.NotRun is null : block.SavedAs is not null));

        Assert.True(succeeded, $"{Tutorial}:{printed.Keys.LastOrDefault()} did not work:\n{printed.Values.LastOrDefault()}");
        foreach (var (commands, shown) in blocks.Zip(blocks.Skip(1)).Where(pair => pair.Second.Language == "text"))
        {
            Assert.All(shown.Text.Split('\n').Where(line => line.Trim().Length > 0), line => Assert.Matches(Loosely(line), printed[commands.Line]));
        }

        foreach (var saved in blocks.Where(block => block.SavedAs is not null))
        {
            Assert.True(Plan(saved.Text, reader.Folder) is { Count: 0 } errors, $"{saved}: {string.Join('\n', Plan(saved.Text, reader.Folder))}");
        }
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Commands_are_ones_that_the_program_takes_and_files_and_paths_exist(string page)
    {
        foreach (var block in Block.Of(page).Where(block => block.Language == "sh"))
        {
            foreach (var words in ShellLines.Commands(block.Text.Replace("dotnet run --project src/Cli --", "temper", StringComparison.Ordinal)))
            {
                Assert.True(Objection(words) is not { } objection, $"{block}: {string.Join(' ', words)}: {Objection(words)}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Specs_are_read(string page)
    {
        foreach (var block in Block.Of(page).Where(block => block.Language == "yaml"))
        {
            var errors = Read(block.Remark == PartOfARun ? Completed(block.Text) : block.Text);
            Assert.True(errors.Count == 0, $"{block}: {string.Join('\n', errors)}");
        }
    }

    /// <summary>What is wrong with a command; null if it would be understood.</summary>
    internal static string? Objection(string[] words)
    {
        var missing = words.FirstOrDefault(word => RepositoryPath().IsMatch(word) && !Path.Exists(Path.Combine(Repository.Root, word)));
        return words switch
        {
            _ when missing is not null => $"there is no {missing}",
            ["temper", .. var arguments] => TemperCommand.Create().Parse(arguments).Errors
                .Select(error => error.Message).FirstOrDefault(message => !message.Contains("does not exist", StringComparison.Ordinal)),
            ["curl", .. var arguments] => OfCurl(arguments),
            ["docker", "compose", ..] when !File.Exists(Path.Combine(Repository.Root, "compose.yaml")) => "there is no compose.yaml",
            _ => null,
        };
    }

    private static string? OfCurl(string[] arguments)
    {
        var url = arguments.Select(argument => ServerPath().Match(argument)).FirstOrDefault(match => match.Success);
        if (url is null)
        {
            return "no address of a coordinator";
        }

        var path = url.Groups["path"].Value;
        var method = arguments.Any(argument => argument is "POST" or "--data-binary") ? "post" : "get";
        var described = JsonNode.Parse(File.ReadAllText(Path.Combine(Repository.Root, "docs", "openapi.json")))!["paths"]!.AsObject();
        return s_otherPaths.Contains(path) || described.Any(pair => Regex.IsMatch(path, $"^{PathParameter().Replace(pair.Key, "[^/:]+")}$") && pair.Value!.AsObject().ContainsKey(method))
            ? null
            : $"docs/openapi.json describes no {method} {path}";
    }

    private static IReadOnlyList<SpecError> Read(string text) =>
        IsExperiment(text) ? ExperimentReader.Read(text).Errors : SpecReader.Read(text).Errors;

    private static IReadOnlyList<SpecError> Plan(string text, string folder)
    {
        var context = new PlanningContext([folder]);
        return IsExperiment(text) ? ExperimentPlanner.ReadAndPlan(text, "planned", _ => folder, context).Errors : new RunPlanner(context).ReadAndPlan(text).Errors;
    }

    private static bool IsExperiment(string text) => SpecReader.Document(text, []) is JsonObject spec && spec.ContainsKey("base");

    /// <summary>A part of a run in the place of what the quickstart has there.</summary>
    private static string Completed(string part)
    {
        var whole = SpecReader.Document(File.ReadAllText(Path.Combine(Repository.Root, "examples", "quickstart.yaml")), [])!.AsObject();
        foreach (var (key, value) in SpecReader.Document(part, [])!.AsObject())
        {
            whole[key] = value?.DeepClone();
        }

        return whole.ToJsonString();
    }

    /// <summary>A line that a page shows: numbers, their units and gaps may differ, for machines do, and … stands for anything.</summary>
    private static string Loosely(string line) => Figure().Replace(Regex.Escape(Gap().Replace(line.Trim(), " ")), $"[0-9.,]+( ({Unit})\\b)?")
        .Replace("\\ ", " ", StringComparison.Ordinal).Replace(" ", "\\s+", StringComparison.Ordinal).Replace("…", ".*", StringComparison.Ordinal);

    [GeneratedRegex("^(src|docs|examples|deploy|tests|bench)(/|$)")]
    private static partial Regex RepositoryPath();

    [GeneratedRegex("(\\$TEMPER_SERVER|https?://[^/]+)(?<path>/[^?]*)")]
    private static partial Regex ServerPath();

    [GeneratedRegex("\\{[^}]+\\}")]
    private static partial Regex PathParameter();

    [GeneratedRegex("\\s+")]
    private static partial Regex Gap();

    // In a text that is escaped.
    [GeneratedRegex($@"[0-9](\\\.|[0-9,])*(\\ ({Unit})\b)?")]
    private static partial Regex Figure();
}
