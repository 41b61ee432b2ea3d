namespace Temper.TestKit;

/// <summary>Files of the repository that are made by code.</summary>
public static class CheckedIn
{
    /// <summary>Whether a file is what the code makes now; with TEMPER_UPDATE=1 it is written instead.</summary>
    /// <param name="path">Below the root of the repository.</param>
    /// <param name="made">What it should hold, without the line feed at its end.</param>
    public static void Is(string path, string made)
    {
        var file = Path.Combine(Repository.Root, path);
        var text = made.TrimEnd('\n') + "\n";
        if (Environment.GetEnvironmentVariable("TEMPER_UPDATE") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, text);
        }

        Assert.True(File.Exists(file) && File.ReadAllText(file) == text, $"{path} is not what the code makes. Run this test with TEMPER_UPDATE=1 and look at what has changed in the file.");
    }
}
