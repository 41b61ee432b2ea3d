using System.Globalization;
using Temper.Worker.Native;

namespace Temper.Worker.Devices;

/// <summary>The devices of this machine as an agent offers them: it has not loaded torch, and never does.</summary>
internal static class HostDevices
{
    private const string VisibleDevices = "CUDA_VISIBLE_DEVICES";
    private static readonly Lazy<IReadOnlyList<Gpu>> s_gpus = new(CudaDriver.Gpus);

    /// <summary>GPUs that the driver names, whether libtorch can use them or not.</summary>
    public static IReadOnlyList<Gpu> Gpus => s_gpus.Value;

    /// <summary>Whether trainers here multiply bf16 natively.</summary>
    public static bool HasBf16 => Usable.Count > 0 ? Usable.All(gpu => gpu.Capability >= 8) : CpuFeatures.HasBf16;

    private static IReadOnlyList<Gpu> Usable => TorchLibrary.HasCuda ? Gpus : [];

    /// <summary>Bytes that each of <paramref name="slots"/> trainers may use: its GPU's memory, or its share of the machine's.</summary>
    public static long MemoryPerSlot(int slots) => Usable.Count > 0
        ? Usable.Min(gpu => gpu.Memory) / ((slots + Usable.Count - 1) / Usable.Count)
        : GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / slots;

    /// <summary>What a trainer's environment must say so that it sees the device of its slot and no other.</summary>
    public static IEnumerable<KeyValuePair<string, string>> Environment(int slot) =>
        Usable.Count > 0 ? [new(VisibleDevices, DeviceOf(slot, Usable.Count, System.Environment.GetEnvironmentVariable(VisibleDevices)))] : [];

    /// <summary>The name of a slot's GPU among those that the agent itself may see. More slots than GPUs share them in turn.</summary>
    /// <param name="slot">The slot, from 0.</param>
    /// <param name="gpus">Number of GPUs.</param>
    /// <param name="visible">The agent's own CUDA_VISIBLE_DEVICES, if it has one: numbers or names with commas between.</param>
    internal static string DeviceOf(int slot, int gpus, string? visible)
    {
        var names = (visible ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var gpu = slot % gpus;
        return gpu < names.Length ? names[gpu] : gpu.ToString(CultureInfo.InvariantCulture);
    }
}
