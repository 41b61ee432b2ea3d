using System.Text.Json;
using Temper.Contracts.Agents;
using Temper.Mixture.Tasks;

namespace Temper.Cli.Rest;

/// <summary>An error as RFC 9457 has it, with the list of mistakes that a rejected spec brings.</summary>
internal sealed record Problem(string? Title = null, string? Detail = null, IReadOnlyList<SpecError>? Errors = null)
{
    // A page of a proxy in between is not worth more than its beginning.
    private const int MaxLength = 1 << 20;

    public static async Task<Problem> ReadAsync(HttpResponseMessage response, CancellationToken ct)
    {
        if (response.Content.Headers.ContentType?.MediaType is "application/problem+json" or "application/json"
            && response.Content.Headers.ContentLength is null or <= MaxLength)
        {
            try
            {
                var text = await response.Content.ReadAsStringAsync(ct);
                return JsonSerializer.Deserialize<Problem>(text, ProtocolJson.Options) ?? new Problem();
            }
            catch (JsonException)
            {
                // Not a problem document after all: the status line has to do.
            }
        }

        return new Problem();
    }

    /// <summary>One or two sentences.</summary>
    public string Describe(HttpResponseMessage response)
    {
        var title = Title ?? $"The coordinator answered {(int)response.StatusCode} {response.ReasonPhrase}";
        title = title.TrimEnd('.') + ".";
        return Detail is { Length: > 0 } detail && detail != Title ? $"{title} {detail}" : title;
    }
}
