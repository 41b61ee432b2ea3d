using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using Temper.Cli.Embedded;
using Temper.Cli.Observability;
using Temper.Worker.Agents;
using Temper.Worker.Observability;

namespace Temper.Cli.Commands;

/// <summary><c>temper agent</c>: offers this machine's devices to a coordinator and runs trainers on them.</summary>
internal static class AgentCommand
{
    /// <summary>The option that ties an agent's life to that of the process which holds its standard input.</summary>
    public const string EndWithInput = "--end-with-input";

    private const string DrainGraceVariable = "TEMPER_DRAIN_GRACE";
    private const int MaxGrace = 86400;

    // What is left after a second signal: trainers are killed by then, and a goodbye to coordinators may take longer.
    private static readonly TimeSpan s_atOnce = TimeSpan.FromSeconds(0.5);

    public static Command Create()
    {
        var server = ServerOptions.Servers();
        var id = new Option<string>("--id") { Description = "Name of this agent, unique in its pool and kept over restarts; machine and process id if not given.", DefaultValueFactory = _ => $"{Environment.MachineName}-{Environment.ProcessId}" };
        var slots = Numbers.Whole("--slots", "Trainers that run here at once, one per device.", 1, 1024, () => 1);
        var advertise = new Option<string>("--advertise") { Description = "Address under which trainers of other hosts reach those here; loopback means this machine alone.", DefaultValueFactory = _ => "127.0.0.1" };
        var memory = Numbers.RealIfGiven("--memory-per-slot", "GiB that one trainer may use; its share of the GPU's or this machine's memory if not given.", 0.01, 1_000_000);
        var grace = Numbers.RealIfGiven("--drain-grace", $"Seconds that trainers may take to save and stop when the agent is asked to end by SIGTERM or Ctrl-C; {DrainGraceVariable} if not given, and 120 if that is not set either. A second signal ends everything at once.", 0, MaxGrace);
        var metricsUrl = MetricsListener.Url();
        var endWithInput = new Option<bool>(EndWithInput) { Hidden = true };
        var command = new Command("agent", $"Run trainers on this machine for a coordinator. The agent token is read from {AgentOptions.TokenVariable}.") { server, id, slots, advertise, memory, grace, metricsUrl, endWithInput };
        command.SetAction(async (result, ct) =>
        {
            if (Environment.GetEnvironmentVariable(AgentOptions.TokenVariable) is not { Length: > 0 } token)
            {
                await Console.Error.WriteLineAsync($"temper: {AgentOptions.TokenVariable} is not set. Give the agent the token that the coordinator was started with.");
                return ExitCodes.Usage;
            }

            var options = new AgentOptions
            {
                Coordinators = result.GetRequiredValue(server),
                Token = token,
                AgentId = result.GetRequiredValue(id),
                Slots = result.GetValue(slots),
                AdvertisedAddress = result.GetRequiredValue(advertise),
                MemoryPerSlot = result.GetValue(memory) is { } gibibytes ? (long)(gibibytes * (1L << 30)) : null,
                DrainGrace = TimeSpan.FromSeconds(result.GetValue(grace) ?? DefaultGrace()),
                TrainerCommand = [.. Self.Command, "trainer"],
            };
            return await Run(options, result.GetValue(metricsUrl), result.GetValue(endWithInput), ct);
        });
        return command;
    }

    /// <summary>What the environment says, or two minutes.</summary>
    private static double DefaultGrace()
    {
        if (Environment.GetEnvironmentVariable(DrainGraceVariable) is not { Length: > 0 } text)
        {
            return 120;
        }

        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds) && seconds is >= 0 and <= MaxGrace
            ? seconds
            : throw new ArgumentException($"{DrainGraceVariable} is '{text}'. Give a number of seconds from 0 to {MaxGrace}.");
    }

    private static async Task<int> Run(AgentOptions options, string? metricsUrl, bool endWithInput, CancellationToken ct)
    {
        using var drain = new CancellationTokenSource();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        // Under `temper run` a Ctrl-C of the terminal reaches us too, but what it means is for that command to say.
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, endWithInput ? context => context.Cancel = true : Hear);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Hear);
        void Hear(PosixSignalContext signal)
        {
            signal.Cancel = true;
            (drain.IsCancellationRequested ? stop : drain).Cancel();
        }

        if (endWithInput)
        {
            new Thread(() =>
            {
                while (Console.In.Read() >= 0)
                {
                    // Nobody writes; what counts is the end.
                }

                stop.Cancel();
            })
            { IsBackground = true, Name = "input" }.Start();
        }

        var metrics = new AgentMetrics();
        var listener = metricsUrl is null ? null : await MetricsListener.Start(metricsUrl, metrics.Registry, stop.Token);
        if (listener is not null)
        {
            Log($"metrics at {listener.Address}");
        }

        Log($"agent {options.AgentId} offers {options.Slots} slot(s) to {string.Join(", ", options.Coordinators)}");
        var working = Work();
        await Task.WhenAny(working, Insisted());
        if (working.IsCompleted)
        {
            await working;
        }

        return ExitCodes.Success;

        async Task Work()
        {
            await new Agent(options, TimeProvider.System, Log, metrics).Run(drain.Token, stop.Token);
            if (listener is not null)
            {
                await listener.DisposeAsync();
            }
        }

        async Task Insisted()
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await Task.Delay(s_atOnce, CancellationToken.None);
        }
    }

    private static void Log(string line) => Console.Error.WriteLine($"{DateTimeOffset.Now:HH:mm:ss} {line}");
}
