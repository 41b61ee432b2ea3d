using System.Runtime.InteropServices;
using System.Text;

namespace Temper.Worker.Devices;

/// <summary>One GPU as the driver describes it.</summary>
/// <param name="Memory">Bytes.</param>
/// <param name="Capability">Major number of its compute capability; 8 and above multiply bf16.</param>
/// <param name="Name">What the driver calls it.</param>
internal sealed record Gpu(long Memory, int Capability, string Name);

/// <summary>
/// The few questions that TorchSharp has no words for, asked of NVIDIA's driver library: which GPUs there are, without loading torch, and
/// whether a stream has come to its end. The driver lies on every host with a GPU, under one name; the runtime library lies in each libtorch
/// under another.
/// </summary>
internal static partial class CudaDriver
{
    private const string Library = "libcuda.so.1";
    private const int NotReady = 600;
    private const int CapabilityMajor = 75;
    private const int LongestName = 256;

    /// <summary>The GPUs that this process may see (CUDA_VISIBLE_DEVICES); none where there is no driver.</summary>
    public static IReadOnlyList<Gpu> Gpus()
    {
        if (!NativeLibrary.TryLoad(Library, out _) || Initialize(0) != 0 || GetDeviceCount(out var count) != 0)
        {
            return [];
        }

        var gpus = new List<Gpu>();
        for (var i = 0; i < count; i++)
        {
            if (GetDevice(out var device, i) == 0 && GetMemory(out var bytes, device) == 0 && GetAttribute(out var capability, CapabilityMajor, device) == 0)
            {
                gpus.Add(new Gpu((long)bytes, capability, NameOf(device, new byte[LongestName])));
            }
        }

        return gpus;
    }

    /// <summary>
    /// Whether everything on the legacy default stream is done, where torch computes and NCCL is told to. Needs torch's context on the calling
    /// thread, which its first operation there has made current.
    /// </summary>
    public static bool HasFinishedDefaultStream() => QueryStream(0) switch
    {
        0 => true,
        NotReady => false,
        var error => throw new InvalidOperationException($"The GPU has failed ({NameOf(error)})."),
    };

    private static string NameOf(int error) =>
        GetErrorName(error, out var name) == 0 && Marshal.PtrToStringUTF8(name) is { } text ? text : $"CUDA error {error}";

    private static string NameOf(int device, byte[] name) =>
        GetName(name, name.Length, device) == 0 ? Encoding.UTF8.GetString(name.AsSpan(0, Math.Max(0, Array.IndexOf(name, (byte)0)))) : "";

    [LibraryImport(Library, EntryPoint = "cuInit")]
    private static partial int Initialize(uint flags);

    [LibraryImport(Library, EntryPoint = "cuDeviceGetCount")]
    private static partial int GetDeviceCount(out int count);

    [LibraryImport(Library, EntryPoint = "cuDeviceGet")]
    private static partial int GetDevice(out int device, int ordinal);

    [LibraryImport(Library, EntryPoint = "cuDeviceGetName")]
    private static partial int GetName([Out] byte[] name, int length, int device);

    [LibraryImport(Library, EntryPoint = "cuDeviceTotalMem_v2")]
    private static partial int GetMemory(out nuint bytes, int device);

    [LibraryImport(Library, EntryPoint = "cuDeviceGetAttribute")]
    private static partial int GetAttribute(out int value, int attribute, int device);

    [LibraryImport(Library, EntryPoint = "cuStreamQuery")]
    private static partial int QueryStream(nint stream);

    [LibraryImport(Library, EntryPoint = "cuGetErrorName")]
    private static partial int GetErrorName(int error, out nint name);
}
