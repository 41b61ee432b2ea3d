using System.Text;
using Temper.TestKit;
using Temper.Worker.Collectives;
using Temper.Worker.Collectives.Nccl;
using Temper.Worker.Devices;

namespace Temper.Worker.Tests.Collectives;

/// <summary>Ranks that exchange by the stand-in for NCCL, as threads of this process.</summary>
internal sealed class LoopbackNccl : IDisposable
{
    private readonly NcclLibrary _library = NcclLibrary.Open(NcclStandIn.Path);
    private readonly NcclUniqueId _id;
    private readonly RingCollective[] _rings;
    private readonly string _faultFile;

    /// <summary>Ranks that have met over TCP.</summary>
    /// <param name="worldSize">How many.</param>
    /// <param name="fault">What the stand-in is to do wrong; see there.</param>
    /// <param name="deadline">For joining, and for each call later on.</param>
    public LoopbackNccl(int worldSize, string? fault = null, TimeSpan? deadline = null)
    {
        _id = _library.NewId();
        _rings = new LoopbackRing(worldSize, deadline).Ranks;
        // Beside the file by which these ranks meet: the environment would be that of all tests.
        _faultFile = $"{Encoding.UTF8.GetString(Convert.FromBase64String(_id.Write())).TrimEnd('\0')}.fault";
        if (fault is not null)
        {
            File.WriteAllText(_faultFile, fault);
        }
    }

    /// <summary>One rank's part of joining.</summary>
    public NcclCollective Join(int rank) => NcclCollective.Connect(_library, _id, _rings[rank], ComputeDevice.Cpu);

    /// <summary>All ranks, joined.</summary>
    public Ranks Connect(TimeSpan? callDeadline = null)
    {
        var ranks = LoopbackRing.InParallel(_rings.Length, Join);
        if (callDeadline is { } deadline)
        {
            Array.ForEach(ranks, rank => rank.CallDeadline = deadline);
        }

        return new Ranks(ranks);
    }

    public void Dispose() => File.Delete(_faultFile);
}
