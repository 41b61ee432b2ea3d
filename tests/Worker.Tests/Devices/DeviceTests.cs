using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Temper.Contracts.Specs;
using Temper.TestKit;
using Temper.Worker.Devices;
using static TorchSharp.torch;

namespace Temper.Worker.Tests.Devices;

public partial class DeviceTests
{
    [Fact]
    public void A_run_that_asks_for_what_is_not_there_is_told_what_to_do()
    {
        Assert.SkipWhen(ComputeDevice.Take(DeviceKind.Auto).Kind == DeviceKind.Cuda, "is about machines without a usable GPU");

        var refusal = Assert.Throws<PlatformNotSupportedException>(() => ComputeDevice.Take(DeviceKind.Cuda));

        Assert.StartsWith("Device cuda is asked for, and libtorch can use no GPU here", refusal.Message, StringComparison.Ordinal);
        Assert.EndsWith("or ask for device auto or cpu.", refusal.Message, StringComparison.Ordinal);
        Assert.Equal((DeviceKind.Cpu, CollectiveKind.Ring), (ComputeDevice.Take(DeviceKind.Auto).Kind, ComputeDevice.Take(DeviceKind.Cpu).NaturalCollective));
    }

    [Theory]
    [InlineData(0, 4, null, "0")]
    [InlineData(3, 4, "", "3")]
    [InlineData(5, 4, null, "1")]
    [InlineData(1, 2, "6,7", "7")]
    [InlineData(2, 2, "GPU-1f, GPU-2e", "GPU-1f")]
    public void Each_slot_is_shown_one_of_the_devices_that_its_agent_sees(int slot, int gpus, string? visible, string device) =>
        Assert.Equal(device, HostDevices.DeviceOf(slot, gpus, visible));

    [Fact]
    public void A_part_of_a_tensor_starts_where_its_numbers_lie()
    {
        _ = ComputeDevice.Cpu;
        using var whole = arange(10, ScalarType.Float32);
        using var part = whole.narrow(0, 3, 4);

        part.Floats()[0] = 30;

        Assert.Equal(30, Marshal.PtrToStructure<float>(part.Address()));
        Assert.Equal(30, whole[3].item<float>());
        Assert.Equal(3 * sizeof(float), part.Address() - whole.Address());
    }

    [Fact]
    public void Nothing_but_one_folder_knows_which_devices_there_are()
    {
        var worker = Path.Combine(Repository.Root, "src", "Worker");
        // Native is about files: which libtorch is loaded.
        var others = Directory.EnumerateFiles(worker, "*.cs", SearchOption.AllDirectories)
            .Where(file => Path.GetRelativePath(worker, file).Split(Path.DirectorySeparatorChar)[0] is not ("Devices" or "Native"));

        Assert.Empty(others.SelectMany(file => File.ReadLines(file)
            .Where(line => !line.TrimStart().StartsWith("//", StringComparison.Ordinal) && DeviceWords().IsMatch(line))
            .Select(line => $"{Path.GetFileName(file)}: {line.Trim()}")));
    }

    [GeneratedRegex(@"\bCPU\b|\bcpu\(|\bCUDA|\bcuda|DeviceType|DeviceKind\.C")]
    private static partial Regex DeviceWords();
}
