using System.Collections.Concurrent;
using System.Diagnostics;
using Temper.Contracts.Specs;
using static TorchSharp.torch;
using DeviceKind = Temper.Contracts.Specs.DeviceKind;

namespace Temper.Worker.Devices;

/// <summary>
/// What a device reaches in matrix products, in FLOP/s: the measure that a model's use of it is held against. Processors are measured, since
/// theirs depends on threads, neighbours and heat; of GPUs the maker's number for dense products is taken, where the device is in the table.
/// </summary>
internal static class DevicePeak
{
    private const int Size = 1024;
    private const int ProbeSize = 256;
    private const int Repetitions = 3;
    private static readonly TimeSpan s_longestProduct = TimeSpan.FromSeconds(0.2);
    private static readonly ConcurrentDictionary<(DeviceKind Kind, Precision Precision, int Threads), double> s_measured = [];

    // Dense, without sparsity. Single precision without TF32, as the trainer computes it.
    private static readonly (string Name, double Bf16, double Fp32)[] s_known =
    [
        ("B200", 2250e12, 75e12),
        ("H200", 989.4e12, 66.9e12),
        ("H100 PCIe", 756e12, 51.2e12),
        ("H100", 989.4e12, 66.9e12),
        ("L40S", 362e12, 91.6e12),
        ("L4", 121e12, 30.3e12),
        ("A100", 312e12, 19.5e12),
        ("A10", 125e12, 31.2e12),
    ];

    /// <summary>The peak of a device; measured once in a process.</summary>
    /// <param name="device">The device that the model is on.</param>
    /// <param name="precision">The format that products are computed in.</param>
    /// <param name="threads">Threads of the run: a part of a processor's peak.</param>
    public static double Of(ComputeDevice device, Precision precision, int threads) =>
        (device.Kind == DeviceKind.Cuda && HostDevices.Gpus is [var gpu, ..] ? Known(gpu.Name, precision) : null)
        ?? s_measured.GetOrAdd((device.Kind, precision, threads), _ => Measure(device, precision));

    /// <summary>The maker's number for a GPU; null for one that is not in the table.</summary>
    /// <param name="name">What the driver calls it, as "NVIDIA A100-SXM4-80GB".</param>
    /// <param name="precision">The format that products are computed in.</param>
    public static double? Known(string name, Precision precision)
    {
        var words = name.Split(' ', '-');
        return s_known.FirstOrDefault(known => known.Name.Split(' ').All(words.Contains)) is { Name: not null } device
            ? precision == Precision.Bf16 ? device.Bf16 : device.Fp32
            : null;
    }

    private static double Measure(ComputeDevice device, Precision precision)
    {
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        var type = precision == Precision.Bf16 ? ScalarType.BFloat16 : ScalarType.Float32;
        // A processor without bf16 computes it so slowly that the large product would take seconds.
        var rate = Flops(ProbeSize, device, type);
        return Cost(Size) / rate > s_longestProduct.TotalSeconds ? rate : Flops(Size, device, type);
    }

    // The best of a few: interruptions make a product slower, nothing makes it faster than the device is.
    private static double Flops(int size, ComputeDevice device, ScalarType type)
    {
        using var scope = NewDisposeScope();
        var (left, right) = (ones([size, size], type, device.TorchDevice), ones([size, size], type, device.TorchDevice));
        Multiply();
        return Cost(size) / Enumerable.Range(0, Repetitions).Min(_ => Multiply().TotalSeconds);

        TimeSpan Multiply()
        {
            var clock = Stopwatch.StartNew();
            using var product = mm(left, right);
            device.Synchronize();
            return clock.Elapsed;
        }
    }

    private static double Cost(int size) => 2.0 * size * size * size;
}
