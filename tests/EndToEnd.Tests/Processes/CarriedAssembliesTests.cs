using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text.Json.Nodes;

namespace Temper.EndToEnd.Tests.Processes;

/// <summary>The assemblies that the program carries: those that it names for its runtime are all that it can load.</summary>
public class CarriedAssembliesTests
{
    private static readonly string[] s_carried =
    [
        .. JsonNode.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "temper.deps.json")))!["targets"]!.AsObject()
            .SelectMany(target => target.Value!.AsObject())
            .SelectMany(library => library.Value!["runtime"]?.AsObject().Select(file => Path.GetFileName(file.Key)) ?? [])
            .Distinct(),
    ];

    [Fact]
    public void What_Orleans_needs_only_while_this_is_built_is_left_out() => Assert.DoesNotContain(s_carried, name =>
        name.StartsWith("Microsoft.CodeAnalysis", StringComparison.Ordinal) || name.StartsWith("System.Composition", StringComparison.Ordinal) || name == "Humanizer.dll");

    [Fact]
    public void What_is_carried_refers_to_nothing_that_is_left_out()
    {
        // PostgreSQL's path too, which only some installations take.
        Assert.Superset(new HashSet<string> { "Npgsql.dll", "Orleans.Clustering.AdoNet.dll", "Orleans.Persistence.AdoNet.dll" }, s_carried.ToHashSet());
        var framework = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(path => Path.GetDirectoryName(path) != Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory)).Select(Path.GetFileName);
        var there = s_carried.Concat(framework).ToHashSet();

        var missing = s_carried.SelectMany(name => References(name).Where(reference => !there.Contains($"{reference}.dll")).Select(reference => $"{name} refers to {reference}"));

        Assert.Empty(missing);
    }

    private static List<string> References(string name)
    {
        using var file = new PEReader(File.OpenRead(Path.Combine(AppContext.BaseDirectory, name)));
        var metadata = file.GetMetadataReader();
        return [.. metadata.AssemblyReferences.Select(handle => metadata.GetString(metadata.GetAssemblyReference(handle).Name))];
    }
}
