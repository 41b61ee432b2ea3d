using System.Globalization;
using System.Text.RegularExpressions;
using Temper.Contracts.Specs;

namespace Temper.Planning.Models;

/// <summary>
/// The model that an epoch of a run has made, in a folder beside the run's model: it is named by the epoch, so no two epochs write the same one, and takes its
/// place when the coordinator says so. A trainer that was cut off may leave one at any time, and replaces nothing.
/// </summary>
public static partial class ModelDraft
{
    private const string Replaced = OriginRun.ModelDirectory + ".replaced.unfinished";

    /// <summary>The name of an epoch's draft, below the run's output folder.</summary>
    public static string NameOf(long epoch) => string.Create(CultureInfo.InvariantCulture, $"{OriginRun.ModelDirectory}.epoch-{epoch}");

    /// <summary>Puts a draft in the place of the model. May be repeated after a crash: where the model is in its place, nothing is left to do.</summary>
    /// <param name="output">The run's output folder.</param>
    /// <param name="name">The draft's name.</param>
    /// <exception cref="IOException">The folder cannot be read or written, or there is neither draft nor model.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written to.</exception>
    public static void Publish(string output, string name)
    {
        var (draft, model) = (Path.Combine(output, name), Path.Combine(output, OriginRun.ModelDirectory));
        if (Directory.Exists(draft))
        {
            if (Directory.Exists(model))
            {
                // Of an earlier version, whose trainers put it there themselves. Out of the way at once, whoever owns the files in it.
                var replaced = Path.Combine(output, Replaced);
                Delete(replaced);
                Directory.Move(model, replaced);
            }

            Directory.Move(draft, model);
        }
        else if (!Directory.Exists(model))
        {
            throw new DirectoryNotFoundException($"There is neither {name} nor {OriginRun.ModelDirectory} in {output}. Agents and coordinators must see the same output folder.");
        }

        try
        {
            DeleteAll(output);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Left-overs take space and do nothing else: the model is in its place.
        }
    }

    /// <summary>Deletes what trainers left beside the model, finished or not.</summary>
    /// <param name="output">The run's output folder.</param>
    /// <param name="newest">The last epoch whose drafts are deleted: that of a newer one may be about to be published.</param>
    public static void DeleteAll(string output, long newest = long.MaxValue)
    {
        foreach (var path in Directory.Exists(output) ? Directory.GetDirectories(output, OriginRun.ModelDirectory + ".*") : [])
        {
            if (Shape().Match(Path.GetFileName(path)) is { Success: true } match
                && (match.Groups[1] is not { Success: true } epoch || long.Parse(epoch.ValueSpan, CultureInfo.InvariantCulture) <= newest))
            {
                Delete(path);
            }
        }
    }

    private static void Delete(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // Those without an epoch are of earlier versions.
    [GeneratedRegex(@"\A model\. (?: epoch-([0-9]{1,18}) (?:\..*\.unfinished|\.unfinished)? | .*\.unfinished ) \z", RegexOptions.IgnorePatternWhitespace | RegexOptions.CultureInvariant)]
    private static partial Regex Shape();
}
