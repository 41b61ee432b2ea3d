namespace Temper.Coordinator.Reports;

/// <summary>
/// Folders that a run or an experiment writes to, told by what lies in them: <c>temper run</c> has a coordinator of its own, which knows of no other.
/// </summary>
public static class WrittenFolder
{
    /// <summary>The nearest folder above <paramref name="path"/> that a run or an experiment writes or wrote to; null if there is none.</summary>
    public static string? Above(string path)
    {
        for (var folder = Path.GetDirectoryName(path); folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (IsOne(folder))
            {
                return folder;
            }
        }

        return null;
    }

    // What `temper run` keeps from the moment that it is accepted, or what an agent makes before it starts a trainer.
    private static bool IsOne(string folder)
    {
        try
        {
            return (File.Exists(Path.Combine(folder, "spec.yaml")) && Directory.Exists(Path.Combine(folder, "state")))
                || (Directory.Exists(Path.Combine(folder, "logs")) && Directory.EnumerateFiles(Path.Combine(folder, "logs"), "epoch-*-rank-*.log").Any());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // What cannot be looked into cannot be written to either.
            return false;
        }
    }
}
