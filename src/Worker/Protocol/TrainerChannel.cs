using System.Text.Json;
using Temper.Contracts.Agents;

namespace Temper.Worker.Protocol;

/// <summary>
/// The trainer's side of the conversation with its agent. Commands are read on a thread of their own, and a sign of life goes out each
/// second, so that the training thread never waits for either.
/// </summary>
public sealed class TrainerChannel : IDisposable
{
    private readonly Lock _writing = new();
    private readonly StreamReader _commands;
    private readonly StreamWriter _events;
    private readonly TaskCompletionSource<IReadOnlyList<string>> _offers = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Timer _alive;
    private long _progress;
    private RankSeconds _spent = new(0, 0, 0, 0);
    private readonly CancellationTokenSource _stop = new();
    // Numbered as the agent does: everything but signs of life.
    private readonly Queue<(long Number, TrainerEvent Word)> _unstored = [];
    private long _said;

    private readonly Action _agentGone;

    private TrainerChannel(Stream commands, Stream events, Action agentGone)
    {
        _agentGone = agentGone;
        _commands = new StreamReader(commands);
        _events = new StreamWriter(events) { AutoFlush = true };
        _alive = new Timer(_ => Send(new TrainerEvent.Alive(Interlocked.Read(ref _progress), Volatile.Read(ref _spent))), null, TimeSpan.Zero, TimeSpan.FromSeconds(1));
    }

    /// <summary>Whether the agent wants a checkpoint and the end.</summary>
    public bool StopRequested => _stop.IsCancellationRequested;

    /// <summary>The same, for work that is broken off.</summary>
    public CancellationToken Stop => _stop.Token;

    /// <summary>Asks for a checkpoint and the end, as the agent would.</summary>
    public void RequestStop() => _stop.Cancel();

    /// <summary>A channel over the two streams; signs of life begin.</summary>
    /// <param name="commands">What the agent writes.</param>
    /// <param name="events">What the agent reads.</param>
    /// <param name="agentGone">Called, on another thread, when the commands end.</param>
    public static TrainerChannel Open(Stream commands, Stream events, Action agentGone) => new(commands, events, agentGone);

    /// <summary>Reads the assignment, then listens for commands.</summary>
    /// <returns>Null when the agent is gone before it gave one.</returns>
    public TrainerAssignment? ReadAssignment()
    {
        if (_commands.ReadLine() is not { } line)
        {
            return null;
        }

        var assignment = ProtocolJson.Read<TrainerAssignment>(line);
        new Thread(Listen) { IsBackground = true, Name = "commands" }.Start();
        return assignment;
    }

    /// <summary>Tells the agent something.</summary>
    public void Send(TrainerEvent word)
    {
        var line = ProtocolJson.Write(word);
        lock (_writing)
        {
            if (word is not TrainerEvent.Alive)
            {
                if (word is TrainerEvent.StepDone or TrainerEvent.Evaluated)
                {
                    _unstored.Enqueue((_said, word));
                }

                _said++;
            }

            try
            {
                _events.WriteLine(line);
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException)
            {
                // The agent is gone; the listener ends this process.
            }
        }
    }

    /// <summary>What was said of steps and evaluations and is not known to be stored.</summary>
    public IReadOnlyList<TrainerEvent> Unstored()
    {
        lock (_writing)
        {
            return [.. _unstored.Select(said => said.Word)];
        }
    }

    /// <summary>Forgets the first words, <paramref name="count"/> of them, which are stored.</summary>
    internal void Stored(long count)
    {
        lock (_writing)
        {
            while (_unstored.TryPeek(out var first) && first.Number < count)
            {
                _unstored.Dequeue();
            }
        }
    }

    /// <summary>Shows that work goes on: called after each piece of it.</summary>
    public void Progressed() => Interlocked.Increment(ref _progress);

    /// <summary>Adds to what this rank has spent its time on. Called by the training thread alone.</summary>
    public void Spent(RankSeconds time) => Volatile.Write(ref _spent, new RankSeconds(
        _spent.Data + time.Data,
        _spent.Compute + time.Compute,
        _spent.Exchange + time.Exchange,
        _spent.Optimizer + time.Optimizer,
        _spent.Evaluation + time.Evaluation,
        _spent.Checkpoint + time.Checkpoint));

    /// <summary>Publishes this rank's offer and waits for those of all ranks. Waiting for others is no lack of progress.</summary>
    public IReadOnlyList<string> ExchangeOffers(string offer)
    {
        Send(new TrainerEvent.Ready(offer));
        while (!_offers.Task.Wait(TimeSpan.FromSeconds(1)))
        {
            Progressed();
        }

        return _offers.Task.Result;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _alive.Dispose();
        lock (_writing)
        {
            _events.Dispose();
        }
    }

    private void Listen()
    {
        try
        {
            while (_commands.ReadLine() is { } line)
            {
                var command = ProtocolJson.Read<TrainerCommand>(line);
                if (command.Offers is { } offers)
                {
                    _offers.TrySetResult(offers);
                }

                if (command.Stop)
                {
                    _stop.Cancel();
                }

                if (command.Stored is { } stored)
                {
                    Stored(stored);
                }
            }
        }
        catch (Exception e) when (e is IOException or JsonException)
        {
            Console.Error.WriteLine(e);
        }

        _agentGone();
    }
}
