namespace Temper.Worker.Models;

/// <summary>A folder that is whole or absent.</summary>
internal static class WholeFolder
{
    /// <summary>Fills a folder beside, then puts it in the place of <paramref name="folder"/>.</summary>
    /// <param name="folder">The folder; what was there goes.</param>
    /// <param name="fill">Writes the files into the folder that it is given.</param>
    public static void Write(string folder, Action<string> fill)
    {
        var draft = $"{folder}.{Environment.ProcessId}.unfinished";
        if (Directory.Exists(draft))
        {
            // Of a process that had this id before.
            Directory.Delete(draft, recursive: true);
        }

        Directory.CreateDirectory(draft);
        fill(draft);
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }

        Directory.Move(draft, folder);
    }
}
