using Temper.Contracts.Specs;

namespace Temper.Planning.Models;

/// <summary>The state of an optimizer beside weights, as far as it can be told without reading it.</summary>
public static class OptimizerFiles
{
    /// <summary>The file of a checkpoint that holds it.</summary>
    public const string State = "optimizer.safetensors";

    /// <summary>Name of the folder, below a run's output folder, that its checkpoints are written to.</summary>
    public const string CheckpointsDirectory = "checkpoints";

    /// <summary>
    /// The checkpoint whose optimizer made the weights in <paramref name="modelFolder"/>: the folder itself if it is a checkpoint, else the newest
    /// checkpoint of the run that exported it, if that holds the same weights. Null if there is none.
    /// </summary>
    public static string? CheckpointOf(string modelFolder)
    {
        if (File.Exists(Path.Combine(modelFolder, State)))
        {
            return modelFolder;
        }

        var checkpoints = Path.Combine(Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(modelFolder))) ?? "", CheckpointsDirectory);
        var newest = Directory.Exists(checkpoints)
            ? Directory.EnumerateDirectories(checkpoints, "step-*").Where(folder => File.Exists(Path.Combine(folder, State))).Max(StringComparer.Ordinal)
            : null;
        return newest is not null && AreEqual(Path.Combine(newest, T5Files.SingleFile), Path.Combine(modelFolder, T5Files.SingleFile)) ? newest : null;
    }

    /// <summary>Whose state the checkpoint holds.</summary>
    /// <exception cref="InvalidDataException">Not a safetensors file.</exception>
    public static OptimizerKind KindOf(string checkpoint) =>
        SafeTensorsHeader.Shapes(Path.Combine(checkpoint, State)).Keys.Any(name => name.EndsWith("/mean", StringComparison.Ordinal)) ? OptimizerKind.Adamw : OptimizerKind.Adafactor;

    private static bool AreEqual(string one, string other)
    {
        if (!File.Exists(one) || !File.Exists(other))
        {
            return false;
        }

        using var left = File.OpenRead(one);
        using var right = File.OpenRead(other);
        var (a, b) = (new byte[1 << 20], new byte[1 << 20]);
        while (left.Length == right.Length)
        {
            var count = left.ReadAtLeast(a, a.Length, throwOnEndOfStream: false);
            if (right.ReadAtLeast(b, b.Length, throwOnEndOfStream: false) != count || !a.AsSpan(0, count).SequenceEqual(b.AsSpan(0, count)))
            {
                return false;
            }

            if (count == 0)
            {
                return true;
            }
        }

        return false;
    }
}
