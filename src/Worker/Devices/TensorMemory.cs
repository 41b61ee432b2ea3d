using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Temper.Worker.Devices;

/// <summary>Where a tensor's numbers lie, and how they come to the processor.</summary>
internal static class TensorMemory
{
    /// <summary>Whether the numbers are memory of this process.</summary>
    public static bool IsOnHost(this Tensor tensor) => IsHost(tensor.device);

    /// <summary>Whether tensors at this place are memory of this process.</summary>
    public static bool IsHost(this Device place) => place.type == DeviceType.CPU;

    /// <summary>The tensor itself where it is memory of this process, a copy otherwise. Waits until it is computed.</summary>
    public static Tensor ToHost(this Tensor tensor) => tensor.cpu();

    /// <summary>The address of the first element, on whatever device.</summary>
    public static nint Address(this Tensor contiguous)
    {
        using var storage = contiguous.storage<float>();
        return storage.data_ptr() + checked((nint)(contiguous.storage_offset() * contiguous.element_size()));
    }

    /// <summary>A flat fp32 tensor as memory of this process.</summary>
    /// <exception cref="InvalidOperationException">It is not.</exception>
    public static Span<float> Floats(this Tensor flat)
    {
        if (!flat.IsOnHost())
        {
            throw new InvalidOperationException($"A tensor on {flat.device} is not memory of this process.");
        }

        if (flat.numel() == 0)
        {
            return [];
        }

        // By way of the first element: Tensor.bytes ends at 2 GiB, a span of floats at 8.
        using var first = flat.narrow(0, 0, 1);
        return MemoryMarshal.CreateSpan(
            ref Unsafe.As<byte, float>(ref MemoryMarshal.GetReference(first.bytes)), checked((int)flat.numel()));
    }
}
