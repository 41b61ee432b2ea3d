using System.CommandLine;
using Temper.Mixture.Sources;

namespace Temper.Cli.Files;

/// <summary><c>--output</c> of a command that writes a folder.</summary>
internal static class OutputFolderOption
{
    /// <summary>The option, which refuses what is there and is no folder.</summary>
    public static Option<DirectoryInfo> Create(string description, bool required = false) => new("--output")
    {
        Description = description,
        Required = required,
        CustomParser = result =>
        {
            var text = result.Tokens.Single().Value;
            if (Mistake(text) is { } mistake)
            {
                result.AddError(mistake);
                return null;
            }

            return new DirectoryInfo(text);
        },
    };

    private static string? Mistake(string text)
    {
        try
        {
            return text is "" or OutputFile.StandardOutput || PathEntry.Of(RealPath.Of(text)).Kind is not (PathKind.Absent or PathKind.Folder)
                ? $"--output is '{text}', and a folder is written, which that is not. Name a new folder."
                : null;
        }
        catch (IOException e)
        {
            return $"--output is '{text}', which cannot be written: {e.Message}";
        }
    }
}
