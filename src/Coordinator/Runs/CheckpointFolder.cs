using System.Globalization;
using System.Text.RegularExpressions;
using Temper.Planning.Models;

namespace Temper.Coordinator.Runs;

/// <summary>
/// The whole checkpoints in a run's output folder. Trainers outlive a coordinator that is away, save newer checkpoints and delete the older
/// ones, which are all that it knows; if they die too before it is back, only the folder tells from where to go on.
/// </summary>
internal static partial class CheckpointFolder
{
    /// <summary>Lists them; none where the folder cannot be read, for what was reported is still known.</summary>
    public static IReadOnlyList<CheckpointMark> List(string outputDirectory, long epoch)
    {
        try
        {
            var folder = new DirectoryInfo(Path.Combine(outputDirectory, OptimizerFiles.CheckpointsDirectory));
            return folder.Exists
                ? Marks(folder.EnumerateDirectories().Where(entry => File.Exists(Path.Combine(entry.FullName, "manifest.json"))).Select(entry => entry.Name), epoch)
                : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>
    /// The names that are those of checkpoints and of no epoch after <paramref name="epoch"/>: what an epoch of this run saved is the same training
    /// bit by bit, whichever epoch it was.
    /// </summary>
    public static IReadOnlyList<CheckpointMark> Marks(IEnumerable<string> names, long epoch) =>
    [
        .. names.Select(name => Shape().Match(name))
            .Where(match => match.Success && long.TryParse(match.Groups[2].Value, CultureInfo.InvariantCulture, out var saved) && saved <= epoch)
            .Select(match => new CheckpointMark(int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture), match.Value))
            .OrderBy(mark => mark.Name, StringComparer.Ordinal),
    ];

    // All of the name: one that ends in ".unfinished" is none.
    [GeneratedRegex(@"\A step-([0-9]{8}) -epoch-([0-9]{1,18}) \z", RegexOptions.IgnorePatternWhitespace | RegexOptions.CultureInvariant)]
    private static partial Regex Shape();
}
