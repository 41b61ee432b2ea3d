using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using System.Security.Cryptography;
using TorchSharp;

namespace Temper.Worker.Native;

/// <summary>Loads libtorch and TorchSharp's native library, also on systems whose libstdc++ is older than the one they were built with.</summary>
public static class TorchLibrary
{
    /// <summary>Environment variable that names the folder of a libtorch to use in place of the one that the program was built with.</summary>
    public const string FolderVariable = "TEMPER_LIBTORCH";

    private const string Library = "LibTorchSharp";
    private const string CudaPart = "libtorch_cuda.so";

    // In the order of their dependence; a libtorch without CUDA lacks the two with cuda in their name.
    private static readonly string[] s_parts = ["libc10.so", "libtorch_cpu.so", "libc10_cuda.so", CudaPart, "libtorch.so"];

    private static readonly Lazy<IntPtr> s_relaxed = new(LoadRelaxedCopy);
    private static readonly Lazy<bool> s_loaded = new(LoadOnce);

    /// <summary>Whether the libtorch that this process uses, or would use, is built with CUDA. Loads nothing.</summary>
    public static bool HasCuda => Folder is { } folder ? File.Exists(Path.Combine(folder, CudaPart)) : FindBesideTheApp(CudaPart) is not null;

    private static string? Folder => Environment.GetEnvironmentVariable(FolderVariable) is { Length: > 0 } folder ? folder : null;

    /// <summary>Makes torch usable in this process. Call before its first use; later calls cost nothing.</summary>
    /// <exception cref="PlatformNotSupportedException">The native libraries are missing or do not load, with what to do about it.</exception>
    public static void Load() => _ = s_loaded.Value;

    /// <summary>
    /// Where patched copies are kept: <c>$TEMPER_CACHE</c>, or <c>temper</c> in <c>$XDG_CACHE_HOME</c> or <c>~/.cache</c>; the
    /// folder for temporary files where there is no home.
    /// </summary>
    public static string CacheFolder()
    {
        if (Environment.GetEnvironmentVariable("TEMPER_CACHE") is { Length: > 0 } chosen)
        {
            return chosen;
        }

        if (Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } caches)
        {
            return Path.Combine(caches, "temper");
        }

        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        return home.Length > 0
            ? Path.Combine(home, ".cache", "temper")
            : Path.Combine(Path.GetTempPath(), $"temper-{Environment.UserName}");
    }

    private static bool LoadOnce()
    {
        if (Folder is { } folder)
        {
            Preload(folder);
        }

        // The event is raised only after the runtime's own search has failed: where TorchSharp loads as it is, nothing changes.
        AssemblyLoadContext.Default.ResolvingUnmanagedDll += Resolve;
        try
        {
            torch.InitializeDeviceType(DeviceType.CPU);
        }
        catch (Exception e) when (e is NotSupportedException or DllNotFoundException or TypeInitializationException)
        {
            throw new PlatformNotSupportedException(
                $"libtorch does not load on {RuntimeInformation.OSDescription} ({RuntimeInformation.RuntimeIdentifier}). "
                + $"It needs 64-bit Linux with glibc 2.34 or later, and the files of libtorch in "
                + $"'{Folder ?? AppContext.BaseDirectory}'. {e.Message}",
                e);
        }

        return true;
    }

    /// <summary>Loads libtorch from elsewhere. Whatever asks for its parts by name afterwards, finds these.</summary>
    private static void Preload(string folder)
    {
        if (FindBesideTheApp(s_parts[1]) is { } own)
        {
            // TorchSharp would load that one beside the other, and two of them in one process do not live together.
            throw new PlatformNotSupportedException(
                $"{FolderVariable} names '{folder}', but this program was built with a libtorch of its own ('{own}'). Build it with -p:TorchBackend=path, or unset {FolderVariable}.");
        }

        var missing = s_parts.Where(part => part is not (CudaPart or "libc10_cuda.so") && !File.Exists(Path.Combine(folder, part))).ToList();
        if (missing.Count > 0)
        {
            throw new PlatformNotSupportedException($"{FolderVariable} names '{folder}', which lacks {string.Join(", ", missing)}. Give the folder 'lib' of a libtorch, or of Python's package torch.");
        }

        LoadParts(folder);
    }

    private static void LoadParts(string folder)
    {
        foreach (var part in s_parts.Select(part => Path.Combine(folder, part)).Where(File.Exists))
        {
            try
            {
                NativeLibrary.Load(part);
            }
            catch (DllNotFoundException e)
            {
                throw new PlatformNotSupportedException($"'{part}' does not load: {e.Message}", e);
            }
        }
    }

    private static IntPtr Resolve(Assembly asking, string name) =>
        name == Library && OperatingSystem.IsLinux() ? s_relaxed.Value : IntPtr.Zero;

    private static IntPtr LoadRelaxedCopy()
    {
        if (FindBesideTheApp($"lib{Library}.so") is not { } original || LibstdcxxPath() is not { } libstdcxx)
        {
            return IntPtr.Zero;
        }

        if (ElfVersions.Relax(File.ReadAllBytes(original), ElfVersions.Provided(File.ReadAllBytes(libstdcxx))) is not { } patched)
        {
            return IntPtr.Zero;
        }

        // The copy's RUNPATH is its own folder, where libtorch is not: already loaded, its parts are found by name.
        LoadParts(Folder ?? Path.GetDirectoryName(original)!);
        return NativeLibrary.Load(Store(patched));
    }

    /// <summary>Writes the copy under the name of its content, beside its place and then renamed: many processes start at once.</summary>
    private static string Store(byte[] library)
    {
        var folder = CacheFolder();
        var path = Path.Combine(folder, $"lib{Library}-{Convert.ToHexStringLower(SHA256.HashData(library))[..16]}.so");
        if (File.Exists(path) && File.ReadAllBytes(path).AsSpan().SequenceEqual(library))
        {
            return path;
        }

        Directory.CreateDirectory(folder);
        var partial = $"{path}.{Environment.ProcessId}";
        File.WriteAllBytes(partial, library);
        File.Move(partial, path, overwrite: true);
        return path;
    }

    private static string? FindBesideTheApp(string file)
    {
        var folders = (AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string ?? "").Split(Path.PathSeparator);
        return folders
            .Append(AppContext.BaseDirectory)
            .Append(Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native"))
            .Select(folder => Path.Combine(folder, file))
            .FirstOrDefault(File.Exists);
    }

    /// <summary>The libstdc++ that this process uses: libtorch, loaded before TorchSharp's library, has brought it in.</summary>
    private static string? LibstdcxxPath()
    {
        NativeLibrary.TryLoad("libstdc++.so.6", out _);
        return File.ReadLines("/proc/self/maps")
            .Select(line => line[(line.LastIndexOf(' ') + 1)..])
            .FirstOrDefault(path => Path.GetFileName(path).StartsWith("libstdc++.so", StringComparison.Ordinal));
    }
}
