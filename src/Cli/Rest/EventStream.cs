using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Text.Json;
using System.Threading.Channels;
using Temper.Contracts.Agents;
using Temper.Contracts.Runs;

namespace Temper.Cli.Rest;

/// <summary>Server-sent events of one run, across lost connections and restarts of the coordinator.</summary>
internal sealed class EventStream(TemperClient client, string path, string? lastEventId, TimeProvider time)
{
    // A coordinator that is started anew is back within seconds; one that is not within this time is gone.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private TimeSpan _pause = TimeSpan.FromSeconds(1);
    private string? _lastEventId = lastEventId;
    private bool _hasEnded;

    public async IAsyncEnumerable<RunEvent> ReadAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        var first = true;
        var lostAt = time.GetTimestamp();
        while (!_hasEnded)
        {
            var channel = Channel.CreateBounded<RunEvent>(new BoundedChannelOptions(256) { SingleReader = true, SingleWriter = true });
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
            var pump = PumpAsync(channel.Writer, stop.Token);
            try
            {
                await foreach (var item in channel.Reader.ReadAllAsync(ct))
                {
                    (first, lostAt) = (false, time.GetTimestamp());
                    yield return item;
                }
            }
            finally
            {
                await stop.CancelAsync();
                await pump;
            }

            var failure = await pump;
            ct.ThrowIfCancellationRequested();
            if (failure is not null && (first || failure.Status < 500 || time.GetElapsedTime(lostAt) > Patience))
            {
                throw failure;
            }

            if (!_hasEnded)
            {
                await Task.Delay(_pause, time, ct);
            }
        }
    }

    // One connection. Its failure is a value: the reader decides whether it is the end.
    private async Task<TemperApiException?> PumpAsync(ChannelWriter<RunEvent> writer, CancellationToken ct)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
            if (_lastEventId is { Length: > 0 })
            {
                request.Headers.TryAddWithoutValidation("Last-Event-ID", _lastEventId);
            }

            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
            await using var stream = await response.Content.ReadAsStreamAsync(ct);
            var parser = SseParser.Create(stream);
            await foreach (var item in parser.EnumerateAsync(ct))
            {
                if (Read(item) is { } read)
                {
                    await writer.WriteAsync(read, ct);
                    _hasEnded |= read is RunEvent.Changed { Run.Phase: var phase } && phase.IsTerminal();
                }

                // Only now: an event that was not handed on is asked for again.
                _lastEventId = item.EventId is { Length: > 0 } id ? id : _lastEventId;
                _pause = item.ReconnectionInterval ?? _pause;
            }

            return null;
        }
        catch (TemperApiException e)
        {
            return e;
        }
        catch (Exception e) when (e is IOException or HttpRequestException or OperationCanceledException)
        {
            return ct.IsCancellationRequested ? null : new TemperApiException($"The connection to the coordinator at {client.Server} was lost: {e.Message}", inner: e);
        }
        finally
        {
            writer.Complete();
        }
    }

    private RunEvent? Read(SseItem<string> item)
    {
        try
        {
            return item.EventType switch
            {
                "status" => new RunEvent.Changed(ProtocolJson.Read<RunStatus>(item.Data)),
                "step" => new RunEvent.Stepped(ProtocolJson.Read<StepRow>(item.Data)),
                "evaluation" => new RunEvent.Evaluated(ProtocolJson.Read<EvaluationRow>(item.Data)),
                "log" => new RunEvent.Logged(ProtocolJson.Read<TrainerEvent.Log>(item.Data).Message),
                // A newer coordinator may say more than this client knows.
                _ => null,
            };
        }
        catch (JsonException e)
        {
            throw new TemperApiException($"What answers at {client.Server} does not speak Temper's API: {e.Message}", 200, e);
        }
    }
}
