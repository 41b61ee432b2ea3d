using Temper.TestKit;
using YamlDotNet.Core;
using YamlDotNet.Serialization;
using YamlDotNet.Serialization.NamingConventions;

namespace Temper.Deploy.Tests.Charts;

/// <summary>compose.yaml, read strictly: no more of its language than it uses.</summary>
internal sealed class Compose
{
    public static Compose File { get; } = Read();

    public string Name { get; set; } = "";

    public IDictionary<string, Service> Services { get; set; } = new Dictionary<string, Service>();

    public IDictionary<string, object?> Volumes { get; set; } = new Dictionary<string, object?>();

    // Where its anchors lie.
    [YamlMember(Alias = "x-hardened", ApplyNamingConventions = false)]
    public object? Hardened { get; set; }

    [YamlMember(Alias = "x-results", ApplyNamingConventions = false)]
    public IList<string>? Results { get; set; }

    private static Compose Read()
    {
        using var text = System.IO.File.OpenText(Path.Combine(Repository.Root, "compose.yaml"));
        return new DeserializerBuilder()
            .WithNamingConvention(UnderscoredNamingConvention.Instance)
            .Build()
            .Deserialize<Compose>(new MergingParser(new Parser(text)));
    }
}

internal sealed class Service
{
    public string Image { get; set; } = "";

    public Build? Build { get; set; }

    public IList<string>? Entrypoint { get; set; }

    public IList<string>? Command { get; set; }

    public IDictionary<string, string> Environment { get; set; } = new Dictionary<string, string>();

    public IList<string> Ports { get; set; } = [];

    public IList<string> Volumes { get; set; } = [];

    public IDictionary<string, Condition> DependsOn { get; set; } = new Dictionary<string, Condition>();

    public IDictionary<string, Network> Networks { get; set; } = new Dictionary<string, Network>();

    public HealthCheck? Healthcheck { get; set; }

    public bool ReadOnly { get; set; }

    public IList<string> Tmpfs { get; set; } = [];

    public IList<string> CapDrop { get; set; } = [];

    public IList<string> SecurityOpt { get; set; } = [];

    public string Restart { get; set; } = "";
}

internal sealed class Build
{
    public string Context { get; set; } = "";

    public string Dockerfile { get; set; } = "";

    public string Target { get; set; } = "";
}

internal sealed class Network
{
    public IList<string> Aliases { get; set; } = [];
}

internal sealed class Condition
{
    [YamlMember(Alias = "condition")]
    public string What { get; set; } = "";
}

internal sealed class HealthCheck
{
    public IList<string> Test { get; set; } = [];

    public string? Interval { get; set; }

    public string? Timeout { get; set; }

    public int? Retries { get; set; }

    public string? StartPeriod { get; set; }

    public string? StartInterval { get; set; }
}
