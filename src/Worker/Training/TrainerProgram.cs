using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Temper.Contracts.Agents;
using Temper.Contracts.Runs;
using Temper.Worker.Checkpoints;
using Temper.Worker.Collectives;
using Temper.Worker.Collectives.Nccl;
using Temper.Worker.Devices;
using Temper.Worker.Model;
using Temper.Worker.Protocol;

namespace Temper.Worker.Training;

/// <summary>
/// A trainer process: reads its assignment and commands from standard input, writes events to standard output, and ends with its
/// agent. Everything that goes wrong becomes an event that names the cause.
/// </summary>
public static class TrainerProgram
{
    /// <summary>Runs one trainer to its end.</summary>
    /// <param name="advertisedAddress">Address under which other ranks reach this process.</param>
    /// <returns>The exit code: 0 when the last event says how the trainer ended.</returns>
    public static int Run(string advertisedAddress)
    {
        // Ctrl-C in a terminal reaches the whole process group; it is the command's wish to pause the run, not ours to end.
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => context.Cancel = true);
        // Without the agent nobody hears us. Not an orderly exit, which could wait for a native thread.
        using var channel = TrainerChannel.Open(Console.OpenStandardInput(), Console.OpenStandardOutput(), Process.GetCurrentProcess().Kill);
        // Whoever ends a group of processes wants no step lost: as if the agent had asked.
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            channel.RequestStop();
        });
        // Libraries that write to the console must not disturb the conversation.
        Console.SetOut(Console.Error);
        if (channel.ReadAssignment() is not { } assignment)
        {
            return 1;
        }

        try
        {
            using var listener = RingListener.Open(Interface(advertisedAddress), advertisedAddress);
            var device = ComputeDevice.Take(assignment.Spec.Device);
            var rendezvous = new Rendezvous(listener, assignment, device, () => NcclLibrary.Shared);
            using var work = Work(assignment, channel, device, TimeProvider.System);
            work.Load();
            var offer = rendezvous.Offer();
            Console.Error.WriteLine($"rank {assignment.Rank} computes on {device} and exchanges by {rendezvous.Description}");
            using var collective = rendezvous.Connect(channel.ExchangeOffers(offer));
            work.Run(collective);
        }
        catch (Exception e)
        {
            Console.Error.WriteLine(e);
            channel.Send(Explain(e));
        }

        return 0;
    }

    /// <summary>What the assignment asks for.</summary>
    internal static IRankWork Work(TrainerAssignment assignment, TrainerChannel channel, ComputeDevice device, TimeProvider time) =>
        assignment.Spec.Training.Steps == 0 ? new ModelEvaluation(assignment, channel, device) : new Trainer(assignment, channel, device, time);

    // Loopback stays loopback; whoever advertises more wants to be reached from elsewhere.
    private static IPAddress Interface(string advertised) => IPAddress.TryParse(advertised, out var address)
        ? IPAddress.IsLoopback(address) ? address : address.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any
        : IPAddress.Any;

    internal static TrainerEvent.Failed Explain(Exception e) => e switch
    {
        CollectiveException exchange => new(FailureCauses.Exchange, exchange.Message, exchange.Peer < 0 ? null : exchange.Peer),
        NonFiniteException => new(FailureCauses.NonFinite, e.Message, null),
        CheckpointDamagedException => new(FailureCauses.CheckpointDamaged, e.Message, null),
        SourcesDifferException => new(FailureCauses.SourcesDiffer, e.Message, null),
        RanksDifferException differ => new(FailureCauses.RanksDiffer, e.Message, differ.Rank),
        DevicesDifferException or PlatformNotSupportedException => new(FailureCauses.TrainerError, e.Message, null),
        _ when IsOutOfMemory(e) => new(FailureCauses.OutOfMemory, FirstLine(e.Message), null),
        _ when StorageFault.CauseOf(e) is { } cause => new(cause, e.Message, null),
        _ => new(FailureCauses.TrainerError, $"{e.GetType().Name}: {e.Message}", null),
    };

    // As libtorch says it: on a processor "DefaultCPUAllocator: can't allocate memory", on a GPU "CUDA out of memory".
    private static bool IsOutOfMemory(Exception e) => e is OutOfMemoryException
        || (e is ExternalException && (e.Message.Contains("out of memory", StringComparison.OrdinalIgnoreCase) || e.Message.Contains("can't allocate memory", StringComparison.Ordinal)));

    private static string FirstLine(string text) => text.Split('\n')[0];
}

/// <summary>The weights of ranks have drifted apart. Raised on all ranks, before a checkpoint is written.</summary>
/// <param name="message">The step and the ranks.</param>
/// <param name="rank">The one that all others contradict; null if it cannot be told.</param>
public sealed class RanksDifferException(string message, int? rank) : Exception(message)
{
    /// <summary>The one that all others contradict; null if it cannot be told.</summary>
    public int? Rank { get; } = rank;
}

/// <summary>The rows differ between ranks, or from those that a checkpoint was trained on.</summary>
/// <param name="message">Which tasks, on which ranks.</param>
public sealed class SourcesDifferException(string message) : Exception(message);
