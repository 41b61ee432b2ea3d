using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Temper.TestKit;
using Temper.Worker.Collectives.Nccl;

namespace Temper.Worker.Tests.Collectives;

/// <summary>What crosses into NCCL has the layout that a C compiler gives it.</summary>
public class NcclLayoutTests
{
    [Fact]
    public void Structures_and_numbers_are_those_that_the_C_compiler_makes()
    {
        var c = FromC();

        Assert.Equal(c["size_of_v21800"], Unsafe.SizeOf<NcclConfig>());
        Assert.Equal(c["size_of_id"], Unsafe.SizeOf<NcclUniqueId>());
        Assert.Equal(sizeof(NcclResult), c["size_of_result"]);
        foreach (var (field, name) in new[]
        {
            (nameof(NcclConfig.Size), "size"), (nameof(NcclConfig.Magic), "magic"), (nameof(NcclConfig.Version), "version"),
            (nameof(NcclConfig.Blocking), "blocking"), (nameof(NcclConfig.CgaClusterSize), "cgaClusterSize"), (nameof(NcclConfig.MinCtas), "minCTAs"),
            (nameof(NcclConfig.MaxCtas), "maxCTAs"), (nameof(NcclConfig.NetName), "netName"), (nameof(NcclConfig.SplitShare), "splitShare"),
        })
        {
            Assert.Equal((name, c[name]), (name, Marshal.OffsetOf<NcclConfig>(field)));
        }

        var config = NcclConfig.NonBlocking();
        Assert.Equal((c["size_of_v21800"], c["NCCL_API_MAGIC"], 21800, 0), ((long)config.Size, config.Magic, (int)config.Version, config.Blocking));
        Assert.Equal(c["NCCL_CONFIG_UNDEF_INT"], unchecked((uint)config.MaxCtas));
        Assert.Equal((long)NcclType.Float32, c["ncclFloat32"]);
        Assert.Equal((long)NcclReduction.Sum, c["ncclSum"]);
        foreach (var result in Enum.GetValues<NcclResult>())
        {
            Assert.Equal((result, c[$"nccl{result}"]), (result, (long)result));
        }
    }

    [Fact]
    public void An_id_survives_being_written_and_nothing_else_is_taken_for_one()
    {
        var id = new NcclUniqueId();
        new Random(5).NextBytes(id);

        Assert.Equal(id.Write(), NcclUniqueId.Read(id.Write()).Write());
        Assert.Throws<FormatException>(() => NcclUniqueId.Read("AAAA"));
    }

    private static Dictionary<string, long> FromC()
    {
        var start = new ProcessStartInfo(NcclStandIn.Compile("nccl_layout.c", "nccl_layout")) { RedirectStandardOutput = true };
        using var program = Process.Start(start)!;
        var lines = program.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        program.WaitForExit();
        return lines.Select(line => line.Split(' ')).ToDictionary(pair => pair[0], pair => long.Parse(pair[1], CultureInfo.InvariantCulture));
    }
}
