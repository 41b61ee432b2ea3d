namespace Temper.Worker.Models;

/// <summary>A folder that is whole or absent.</summary>
internal static class WholeFolder
{
    /// <summary>The end of the names of drafts.</summary>
    public const string Unfinished = ".unfinished";

    /// <summary>Fills a folder beside, then puts it in the place of <paramref name="folder"/>.</summary>
    /// <param name="folder">The folder; what was there goes.</param>
    /// <param name="fill">Writes the files into the folder that it is given.</param>
    /// <param name="owner">Who writes, part of the draft's name: no two that may write at once share it. A new name if null; a process id would not do, since containers share them.</param>
    /// <param name="check">Called right before the folder is put in its place; what it throws prevents that.</param>
    public static void Write(string folder, Action<string> fill, string? owner = null, Action? check = null)
    {
        var draft = $"{folder}.{owner ?? Guid.NewGuid().ToString("N")}{Unfinished}";
        try
        {
            if (Directory.Exists(draft))
            {
                // Of an earlier attempt of the same owner.
                Directory.Delete(draft, recursive: true);
            }

            Directory.CreateDirectory(draft);
            fill(draft);
            check?.Invoke();
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }

            Directory.Move(draft, folder);
        }
        catch
        {
            DeleteQuietly(draft);
            throw;
        }
    }

    /// <summary>Deletes the drafts of <paramref name="folder"/> that processes left behind, whoever they were.</summary>
    public static void DeleteDrafts(string folder)
    {
        var parent = Path.GetDirectoryName(Path.GetFullPath(folder))!;
        foreach (var draft in Directory.Exists(parent) ? Directory.GetDirectories(parent, $"{Path.GetFileName(folder)}.*{Unfinished}") : [])
        {
            Directory.Delete(draft, recursive: true);
        }
    }

    // The error that is on its way says more than one about its left-overs.
    private static void DeleteQuietly(string draft)
    {
        try
        {
            if (Directory.Exists(draft))
            {
                Directory.Delete(draft, recursive: true);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"{draft} is left over: {e.Message}");
        }
    }
}
