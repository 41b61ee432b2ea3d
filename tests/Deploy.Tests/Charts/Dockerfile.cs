using System.Text.RegularExpressions;
using Temper.TestKit;

namespace Temper.Deploy.Tests.Charts;

/// <summary>The Dockerfile, cut into stages and instructions. Not more of the language than this one uses.</summary>
internal static partial class Dockerfile
{
    private static readonly string s_text = File.ReadAllText(System.IO.Path.Combine(Repository.Root, Path));

    /// <summary>Where it lies in the repository.</summary>
    public const string Path = "deploy/docker/Dockerfile";

    /// <summary>Its stages in their order.</summary>
    public static IReadOnlyList<Stage> Stages { get; } = Read();

    /// <summary>Values of the arguments before the first stage.</summary>
    public static IReadOnlyDictionary<string, string> Arguments => Instructions()
        .TakeWhile(one => one.Name != "FROM")
        .Select(one => one.Rest.Split('='))
        .ToDictionary(pair => pair[0], pair => pair[1]);

    /// <summary>The images that are meant to be made, with their versions, as the comment at the top says.</summary>
    public static IReadOnlyDictionary<string, string> Targets { get; } = BuildCommand().Matches(s_text).ToDictionary(match => match.Groups[1].Value, match => match.Groups[2].Value);

    private static List<Stage> Read()
    {
        var stages = new List<Stage>();
        foreach (var one in Instructions().SkipWhile(one => one.Name != "FROM"))
        {
            if (one.Name == "FROM")
            {
                var words = one.Rest.Split(' ');
                Assert.Equal(("AS", 3), (words[1], words.Length));
                stages.Add(new Stage(words[2], Arguments.Aggregate(words[0], (image, pair) => image.Replace($"${{{pair.Key}}}", pair.Value, StringComparison.Ordinal)), []));
            }
            else
            {
                stages[^1].Instructions.Add(one);
            }
        }

        return stages;
    }

    private static IEnumerable<Instruction> Instructions() => Continued()
        .Replace(s_text, " ")
        .Split('\n')
        .Where(line => line.Length > 0 && line[0] != '#')
        .Select(line => line.Split(' ', 2))
        .Select(words => new Instruction(words[0], words[1].Trim()));

    [GeneratedRegex(@"\\\n *")]
    private static partial Regex Continued();

    [GeneratedRegex(@"^#   docker build -f deploy/docker/Dockerfile --target (\S+) +-t (\S+) \.$", RegexOptions.Multiline)]
    private static partial Regex BuildCommand();
}

/// <summary>One instruction.</summary>
internal sealed record Instruction(string Name, string Rest);

/// <summary>One stage: what it is called, the image or stage it starts from, and what it does.</summary>
internal sealed record Stage(string Name, string From, List<Instruction> Instructions)
{
    /// <summary>What instructions of one kind say.</summary>
    public IEnumerable<string> All(string name) => Instructions.Where(one => one.Name == name).Select(one => one.Rest);
}
