namespace Temper.Worker.Devices;

/// <summary>What this machine's processor can do.</summary>
public static class CpuFeatures
{
    private static readonly string[] Bf16Flags = ["avx512_bf16", "amx_bf16", "bf16"];

    /// <summary>Whether it multiplies bfloat16 natively. Emulated, bf16 would be slower than fp32.</summary>
    public static bool HasBf16 { get; } = ReadFlags().Any(Bf16Flags.Contains);

    private static string[] ReadFlags()
    {
        const string Path = "/proc/cpuinfo";
        if (!File.Exists(Path))
        {
            return [];
        }

        // "flags" on x86, "Features" on Arm.
        var line = File.ReadLines(Path).FirstOrDefault(line => line.StartsWith("flags", StringComparison.Ordinal) || line.StartsWith("Features", StringComparison.Ordinal));
        return line?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
    }
}
