using System.Text;

namespace Temper.Coordinator.Web;

/// <summary>Specs to start from: those of the folder <c>examples</c> that need no data.</summary>
/// <param name="Name">Its name.</param>
/// <param name="IsExperiment">Whether it is an experiment.</param>
/// <param name="Title">What it is, in a few words.</param>
internal sealed record Example(string Name, bool IsExperiment, string Title)
{
    public static readonly IReadOnlyList<Example> All =
    [
        new("quickstart", false, "Nine small tasks, two workers"),
        new("mixing", true, "Which mixture?"),
        new("ensemble", true, "Several models together"),
        new("scaling", true, "Four times the compute"),
    ];

    /// <summary>The YAML.</summary>
    public string Text()
    {
        using var stream = typeof(Example).Assembly.GetManifestResourceStream($"examples/{Name}.yaml")
            ?? throw new InvalidOperationException($"examples/{Name}.yaml is not in {typeof(Example).Assembly.GetName().Name}. It is an EmbeddedResource of Coordinator.csproj.");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }
}
