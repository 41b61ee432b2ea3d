namespace Temper.TestKit;

/// <summary>Finds the checkout that the tests run from, and the reference material that may lie beside it.</summary>
public static class Repository
{
    /// <summary>The folder that holds <c>distributed.sln</c>.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Full path of a file or folder of <c>../shared</c>; skips the calling test, by name, where it is absent.</summary>
    public static string Shared(string relativePath)
    {
        var path = Path.GetFullPath(Path.Combine(Root, "..", "shared", relativePath));
        Assert.SkipUnless(Path.Exists(path), $"needs ../shared/{relativePath}, which is not beside this checkout");
        return path;
    }

    /// <summary>Full path of a program on PATH; skips the calling test, by name, where it is not installed.</summary>
    public static string Tool(string name)
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        var path = folders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
        Assert.SkipWhen(path is null, $"needs the program {name}, which is not installed");
        return path!;
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "distributed.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"No distributed.sln above {AppContext.BaseDirectory}.");
    }
}
