using ArchUnitNET.Domain;
using ArchUnitNET.Fluent.Slices;
using ArchUnitNET.Loader;
using Temper.TestKit;

namespace Temper.Architecture.Tests;

/// <summary>Who may know whom: parts as <c>docs/architecture.md</c> draws them, and no cycle between the folders of a part.</summary>
public class DependencyTests
{
    private static readonly string[] s_parts = ["Mixture", "Contracts", "Planning", "Worker", "Coordinator", "Cli"];

    private static readonly ArchUnitNET.Domain.Architecture s_architecture = new ArchLoader().LoadAssemblies([.. s_parts.Select(Load)]).Build();

    public static TheoryData<string> Parts => [.. s_parts];

    [Theory]
    [MemberData(nameof(Parts))]
    public void No_two_folders_of_a_part_need_each_other(string part)
    {
        Assert.True(s_architecture.Types.Select(type => FolderOf(type, part).Identifier).Where(folder => folder is not null).Distinct().Count() > 3, $"few folders of {part} were found");
        var folders = new SliceRuleCreator();
        folders.SetSliceAssignment(new SliceAssignment(type => FolderOf(type, part), "folders"));
        var rule = new GivenSlices(folders).Should().BeFreeOfCycles();

        Assert.True(rule.HasNoViolations(s_architecture), string.Join('\n', rule.Evaluate(s_architecture).Where(result => !result.Passed).Select(result => result.Description)));
    }

    [Theory]
    [InlineData("Mixture")]
    [InlineData("Contracts", "Mixture")]
    [InlineData("Planning", "Mixture", "Contracts")]
    [InlineData("Worker", "Mixture", "Contracts", "Planning")]
    [InlineData("Coordinator", "Mixture", "Contracts", "Planning")]
    [InlineData("Cli", "Mixture", "Contracts", "Planning", "Worker", "Coordinator")]
    public void A_part_needs_those_before_it_and_no_other(string part, params string[] known) => Assert.Equal(
        known.Order(StringComparer.Ordinal),
        Load(part).GetReferencedAssemblies().Select(assembly => assembly.Name!).Where(name => name.StartsWith("Temper.", StringComparison.Ordinal)).Select(name => name["Temper.".Length..]).Order(StringComparer.Ordinal));

    [Fact]
    public void Every_folder_is_on_the_page()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "architecture.md"));
        var words = page.Split(['|', ',', '\n', ' '], StringSplitOptions.TrimEntries);
        var missing = s_parts.SelectMany(part => Directory.GetDirectories(Path.Combine(Repository.Root, "src", part)).Select(Path.GetFileName)).Where(folder => !words.Contains(folder));

        Assert.Empty(missing);
    }

    // A folder with all that lies below it. What lies above all folders, and what compilers make, is in none.
    private static SliceIdentifier FolderOf(IType type, string part) =>
        type.Namespace.FullName.StartsWith($"Temper.{part}.", StringComparison.Ordinal) ? SliceIdentifier.Of(type.Namespace.FullName.Split('.')[2]) : SliceIdentifier.Ignore();

    private static System.Reflection.Assembly Load(string part) => System.Reflection.Assembly.Load(part == "Cli" ? "temper" : $"Temper.{part}");
}
