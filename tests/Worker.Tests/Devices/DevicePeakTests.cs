using Temper.Contracts.Specs;
using Temper.Worker.Devices;

namespace Temper.Worker.Tests.Devices;

public class DevicePeakTests
{
    [Theory]
    [InlineData("NVIDIA H100 80GB HBM3", 989.4e12)]
    [InlineData("NVIDIA H100 PCIe", 756e12)]
    [InlineData("NVIDIA A100-SXM4-80GB", 312e12)]
    [InlineData("NVIDIA A10", 125e12)]
    [InlineData("NVIDIA L40S", 362e12)]
    [InlineData("NVIDIA L4", 121e12)]
    [InlineData("NVIDIA L40", null)]
    [InlineData("Some other GPU", null)]
    public void Known_devices_have_their_makers_number(string name, double? peak) => Assert.Equal(peak, DevicePeak.Known(name, Precision.Bf16));

    [Fact]
    public void A_processor_is_measured_once()
    {
        var peak = DevicePeak.Of(ComputeDevice.Cpu, Precision.Fp32, 1);

        Assert.InRange(peak, 1e8, 1e14);
        Assert.Equal(peak, DevicePeak.Of(ComputeDevice.Cpu, Precision.Fp32, 1));
    }
}
