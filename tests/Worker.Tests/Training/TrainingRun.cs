using System.IO.Pipelines;
using System.Net;
using Temper.Contracts.Agents;
using Temper.Contracts.Specs;
using Temper.Planning.Models;
using Temper.TestKit;
using Temper.Worker.Collectives;
using Temper.Worker.Collectives.Nccl;
using Temper.Worker.Devices;
using Temper.Worker.Protocol;
using Temper.Worker.Training;

namespace Temper.Worker.Tests.Training;

/// <summary>Trains a spec with all its ranks as threads of this process, and keeps what they say.</summary>
internal static class TrainingRun
{
    /// <summary>Trains to the end, or until a step at which the ranks are asked to stop.</summary>
    /// <returns>What rank 0 said.</returns>
    public static IReadOnlyList<TrainerEvent> Train(RunSpec spec, string output, string? from = null, int? stopAfter = null, RunSpec? specOfLastRank = null, TimeProvider? time = null, params IReadOnlyList<string> models) =>
        Train(spec, output, word => word is TrainerEvent.StepDone done && done.Row.Step == stopAfter, _ => true, from, specOfLastRank, time, models);

    /// <summary>Trains to the end, or until a word of rank 0 after which the ranks are asked to stop.</summary>
    /// <param name="spec">What to train.</param>
    /// <param name="output">Its output folder.</param>
    /// <param name="stopsAfter">Whether the ranks are asked to stop after this word.</param>
    /// <param name="isStored">Whether the coordinator stores this word and all before it.</param>
    /// <param name="from">The checkpoint to start from.</param>
    /// <param name="specOfLastRank">What the last rank is given instead.</param>
    /// <param name="time">What steps are measured with; the system's clock by default.</param>
    /// <param name="models">The models to start from.</param>
    /// <returns>What rank 0 said.</returns>
    public static IReadOnlyList<TrainerEvent> Train(
        RunSpec spec, string output, Func<TrainerEvent, bool> stopsAfter, Func<TrainerEvent, bool> isStored, string? from = null, RunSpec? specOfLastRank = null, TimeProvider? time = null, params IReadOnlyList<string> models)
    {
        var places = Enumerable.Range(0, spec.Workers).Select(rank => new Place(rank == spec.Workers - 1 ? specOfLastRank ?? spec : spec, output, from, models, rank)).ToList();
        var offers = places.Select(place => place.Rendezvous.Offer()).ToList();
        var events = new List<TrainerEvent>[spec.Workers];
        var errors = new Exception?[spec.Workers];
        var threads = Enumerable.Range(0, spec.Workers).Select(rank => new Thread(() =>
        {
            try
            {
                events[rank] = Rank(places[rank], stopsAfter, isStored, offers, time ?? TimeProvider.System);
            }
            catch (Exception e)
            {
                errors[rank] = e;
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        if (errors.FirstOrDefault(error => error is not null) is { } failed)
        {
            throw failed;
        }

        if (events[0][^1] is TrainerEvent.Finished finished)
        {
            // As the coordinator does.
            ModelDraft.Publish(output, finished.ModelDirectory);
        }

        return events[0];
    }

    /// <summary>The losses of a training, in order of steps.</summary>
    public static IReadOnlyList<double> Losses(this IEnumerable<TrainerEvent> events) =>
        [.. events.OfType<TrainerEvent.StepDone>().Select(done => done.Row.Loss)];

    private static List<TrainerEvent> Rank(Place place, Func<TrainerEvent, bool> stopsAfter, Func<TrainerEvent, bool> isStored, IReadOnlyList<string> offers, TimeProvider time)
    {
        var commands = new Pipe();
        TrainerChannel? channel = null;
        var count = 0;
        var heard = new EventSink(line =>
        {
            count++;
            if (isStored(line))
            {
                channel!.Stored(count);
            }

            if (stopsAfter(line))
            {
                commands.Writer.AsStream(leaveOpen: true).Write(System.Text.Encoding.UTF8.GetBytes(ProtocolJson.Write(new TrainerCommand(Stop: true)) + "\n"));
                commands.Writer.FlushAsync().AsTask().Wait();
                // It is read on another thread, which may be slower than all steps that are left.
                SpinWait.SpinUntil(() => channel!.StopRequested);
            }
        });
        commands.Writer.AsStream(leaveOpen: true).Write(System.Text.Encoding.UTF8.GetBytes(ProtocolJson.Write(place.Assignment) + "\n"));
        commands.Writer.FlushAsync().AsTask().Wait();
        using (channel = TrainerChannel.Open(commands.Reader.AsStream(), heard, () => { }))
        {
            using var work = TrainerProgram.Work(channel.ReadAssignment()!, channel, ComputeDevice.Cpu, time);
            work.Load();
            using var collective = place.Rendezvous.Connect(offers);
            work.Run(collective);
        }

        commands.Writer.Complete();
        return heard.Events;
    }

    /// <summary>What a rank is given before it starts.</summary>
    private sealed class Place
    {
        public Place(RunSpec spec, string output, string? from, IReadOnlyList<string> models, int rank)
        {
            Assignment = new TrainerAssignment("test", 1, rank, spec.Workers, spec, Precision.Fp32, [AppContext.BaseDirectory], output, from, Convert.ToBase64String([1, 2, 3]), models);
            Rendezvous = new Rendezvous(RingListener.Open(IPAddress.Loopback), Assignment, ComputeDevice.Cpu, () => NcclLibrary.Open(NcclStandIn.Path));
        }

        public TrainerAssignment Assignment { get; }

        public Rendezvous Rendezvous { get; }
    }

    /// <summary>Reads the lines that a trainer writes.</summary>
    internal sealed class EventSink(Action<TrainerEvent> heard) : MemoryStream
    {
        private readonly List<byte> _line = [];

        public List<TrainerEvent> Events { get; } = [];

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            foreach (var octet in buffer)
            {
                if (octet != '\n')
                {
                    _line.Add(octet);
                    continue;
                }

                var word = ProtocolJson.Read<TrainerEvent>(System.Text.Encoding.UTF8.GetString([.. _line]));
                _line.Clear();
                if (word is not TrainerEvent.Alive)
                {
                    Events.Add(word);
                    heard(word);
                }
            }
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));
    }
}

/// <summary>A clock that goes on by one second each time that somebody looks at it.</summary>
internal sealed class TickingClock : TimeProvider
{
    private long _looks;

    public override long TimestampFrequency => 1;

    public override long GetTimestamp() => Interlocked.Increment(ref _looks);
}
