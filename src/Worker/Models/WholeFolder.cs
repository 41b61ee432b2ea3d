namespace Temper.Worker.Models;

/// <summary>A folder that is whole or absent.</summary>
internal static class WholeFolder
{
    /// <summary>The end of the names of drafts.</summary>
    public const string Unfinished = ".unfinished";

    /// <summary>Fills a folder beside, then puts it in the place of <paramref name="folder"/>.</summary>
    /// <param name="folder">The folder; what was there goes.</param>
    /// <param name="fill">Writes the files into the folder that it is given.</param>
    public static void Write(string folder, Action<string> fill)
    {
        // A process id would not do: containers share them.
        var draft = $"{folder}.{Guid.NewGuid():N}{Unfinished}";
        try
        {
            Directory.CreateDirectory(draft);
            fill(draft);
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
