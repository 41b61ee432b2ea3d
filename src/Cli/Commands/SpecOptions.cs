using System.CommandLine;
using Temper.Contracts.Specs;
using Temper.Mixture.Tasks;
using Temper.Planning.Reading;

namespace Temper.Cli.Commands;

/// <summary>Options of the commands that take a spec.</summary>
internal static class SpecOptions
{
    public static Argument<FileInfo> Spec() => new Argument<FileInfo>("spec") { Description = "The spec, YAML or JSON." }.AcceptExistingOnly();

    public static Option<DirectoryInfo?> Data() => new("--data") { Description = "Folder that relative sources lie under; this folder if not given." };

    /// <summary>The folders that sources are looked for in.</summary>
    public static IReadOnlyList<string> Roots(DirectoryInfo? data) => data is null
        ? [Environment.CurrentDirectory]
        : data.Exists ? [data.FullName] : throw new DirectoryNotFoundException($"The data folder {data.FullName} does not exist. Give --data a folder that does.");

    /// <summary>Reads a spec.</summary>
    /// <exception cref="SpecException">Lists every mistake.</exception>
    public static RunSpec Read(FileInfo file)
    {
        var result = SpecReader.Read(File.ReadAllText(file.FullName));
        return result.Value ?? throw new SpecException(result.Errors);
    }
}
