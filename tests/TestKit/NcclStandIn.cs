using System.Diagnostics;

namespace Temper.TestKit;

/// <summary>The stand-in for NCCL, built with gcc when it is first asked for; tests are skipped, by name, where there is no gcc.</summary>
public static class NcclStandIn
{
    private static readonly string s_sources = System.IO.Path.Combine(Repository.Root, "tests", "Worker.Tests", "Native");
    private static readonly Lazy<string> s_folder = new(TemporaryFolder);
    private static readonly Lazy<string> s_library = new(() => Compile("nccl_standin.c", "libnccl.so.2", "-O2", "-ffp-contract=off", "-shared", "-fPIC", "-lpthread"));

    /// <summary>The library's file.</summary>
    public static string Path
    {
        get
        {
            Repository.Tool("gcc");
            return s_library.Value;
        }
    }

    /// <summary>Where ranks meet: a folder that goes with this process.</summary>
    public static string Folder => s_folder.Value;

    /// <summary>Compiles one of the sources beside the stand-in's.</summary>
    /// <returns>The file that came of it.</returns>
    public static string Compile(string source, string output, params string[] options)
    {
        var gcc = Repository.Tool("gcc");
        var path = System.IO.Path.Combine(Folder, output);
        var start = new ProcessStartInfo(gcc) { RedirectStandardError = true };
        foreach (var argument in (string[])["-Wall", "-Wextra", "-o", path, System.IO.Path.Combine(s_sources, source), .. options])
        {
            start.ArgumentList.Add(argument);
        }

        using var compiler = Process.Start(start)!;
        var said = compiler.StandardError.ReadToEnd();
        compiler.WaitForExit();
        Assert.True(compiler.ExitCode == 0 && said.Length == 0, said);
        return path;
    }

    private static string TemporaryFolder()
    {
        var folder = Directory.CreateTempSubdirectory("temper-nccl-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        // For the processes that this one starts; the library does not see what the runtime only says of itself.
        Environment.SetEnvironmentVariable("NCCL_STANDIN_DIR", folder);
        return folder;
    }
}
