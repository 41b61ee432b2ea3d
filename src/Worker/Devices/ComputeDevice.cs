using System.Globalization;
using Temper.Contracts.Specs;
using Temper.Worker.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Temper.Worker.Devices;

/// <summary>
/// What a trainer computes on: the processor or one GPU. Together with its neighbours in this folder the only code that knows which devices
/// there are. A GPU is taken as number 0: its agent has shown the trainer no other (<see cref="HostDevices"/>).
/// </summary>
public sealed class ComputeDevice
{
    private static readonly Lazy<ComputeDevice> s_cpu = new(() => Loaded(DeviceKind.Cpu, DeviceType.CPU));

    private ComputeDevice(DeviceKind kind, Device device) => (Kind, TorchDevice) = (kind, device);

    /// <summary>The processor.</summary>
    public static ComputeDevice Cpu => s_cpu.Value;

    /// <summary><see cref="DeviceKind.Cpu"/> or <see cref="DeviceKind.Cuda"/>, never <see cref="DeviceKind.Auto"/>.</summary>
    public DeviceKind Kind { get; }

    /// <summary>Where tensors are put.</summary>
    public Device TorchDevice { get; }

    /// <summary>How ranks on such devices exchange gradients unless the spec says otherwise.</summary>
    public CollectiveKind NaturalCollective => Kind == DeviceKind.Cuda ? CollectiveKind.Nccl : CollectiveKind.Ring;

    /// <summary>Takes the device that a spec asks for.</summary>
    /// <exception cref="PlatformNotSupportedException">A GPU is asked for, and there is none or libtorch cannot use it.</exception>
    public static ComputeDevice Take(DeviceKind asked)
    {
        TorchLibrary.Load();
        if (asked == DeviceKind.Cpu)
        {
            return Cpu;
        }

        // Asks libtorch itself, which says no where it was built without CUDA, finds no driver, or is shown no device.
        if (cuda.is_available())
        {
            return Loaded(DeviceKind.Cuda, DeviceType.CUDA);
        }

        return asked == DeviceKind.Auto ? Cpu : throw new PlatformNotSupportedException(string.Create(
            CultureInfo.InvariantCulture,
            $"Device cuda is asked for, and libtorch can use no GPU here: the driver names {HostDevices.Gpus.Count}, and libtorch is built {(TorchLibrary.HasCuda ? "with" : "without")} CUDA. "
            + $"Build with -p:TorchBackend=cuda, or with -p:TorchBackend=path and {TorchLibrary.FolderVariable} naming the folder of a libtorch with CUDA; or ask for device auto or cpu."));
    }

    /// <summary>Waits until the device has done what it was given: a stopwatch read before that measures the launch.</summary>
    public void Synchronize()
    {
        if (Kind == DeviceKind.Cuda)
        {
            cuda.synchronize();
        }
    }

    /// <summary>Whether the device has done what it was given. Does not wait.</summary>
    /// <exception cref="InvalidOperationException">The device has failed.</exception>
    public bool HasFinished() => Kind != DeviceKind.Cuda || CudaDriver.HasFinishedDefaultStream();

    /// <inheritdoc/>
    public override string ToString() => Kind == DeviceKind.Cuda ? "cuda" : "cpu";

    private static ComputeDevice Loaded(DeviceKind kind, DeviceType type)
    {
        TorchLibrary.Load();
        return new ComputeDevice(kind, new Device(type, type == DeviceType.CPU ? -1 : 0));
    }
}
