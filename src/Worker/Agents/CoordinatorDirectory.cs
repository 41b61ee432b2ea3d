using System.Net;
using System.Net.Http.Json;
using Orleans.Messaging;
using Temper.Contracts.Agents;

namespace Temper.Worker.Agents;

/// <summary>
/// Knows the gateways of the cluster from its coordinators' REST interfaces, of which any one that answers is asked. An Orleans client asks this again and
/// again, and so hears of coordinators that come and go.
/// </summary>
internal sealed class CoordinatorDirectory(AgentOptions options) : IGatewayListProvider, IDisposable
{
    private readonly HttpClient _http = new() { Timeout = CoordinatorLink.CallLimit };
    private int _answering;

    /// <summary>How many gateways there were when somebody last asked.</summary>
    public int Count { get; private set; }

    TimeSpan IGatewayListProvider.MaxStaleness => CoordinatorLink.CallLimit;

    bool IGatewayListProvider.IsUpdatable => true;

    /// <summary>Asks one coordinator after the other, beginning with the one that answered last.</summary>
    /// <exception cref="HttpRequestException">None answers; the message is that of the last one.</exception>
    public async Task<GatewayList> AskAsync(CancellationToken ct)
    {
        for (var tried = 1; ; tried++)
        {
            try
            {
                var list = await AskAsync(options.Coordinators[_answering], ct);
                Count = list.Gateways.Count;
                return list;
            }
            catch (Exception e) when (e is not OperationCanceledException || !ct.IsCancellationRequested)
            {
                _answering = (_answering + 1) % options.Coordinators.Count;
                if (tried >= options.Coordinators.Count)
                {
                    throw;
                }
            }
        }
    }

    public void Dispose() => _http.Dispose();

    Task IGatewayListProvider.InitializeGatewayListProvider() => Task.CompletedTask;

    async Task<IList<Uri>> IGatewayListProvider.GetGateways() =>
        [.. (await AskAsync(CancellationToken.None)).Gateways.Select(gateway => IPEndPoint.Parse(gateway).ToGatewayUri())];

    private async Task<GatewayList> AskAsync(Uri coordinator, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(coordinator, "api/v1/agents/gateways"));
        request.Headers.Authorization = new("Bearer", options.Token);
        using var response = await _http.SendAsync(request, ct);
        response.EnsureSuccessStatusCode();
        return await response.Content.ReadFromJsonAsync<GatewayList>(ProtocolJson.Options, ct) is { Gateways.Count: > 0 } list
            ? list
            : throw new InvalidOperationException($"The coordinator at {coordinator} named no gateways.");
    }
}
