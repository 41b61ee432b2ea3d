using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Temper.Coordinator.Http;

namespace Temper.Coordinator.Api;

/// <summary>What was sent to be submitted or checked, not yet understood.</summary>
/// <param name="Text">The spec as YAML or JSON.</param>
/// <param name="Data">The data folder that was named.</param>
/// <param name="Output">The output folder that was named.</param>
internal sealed record SubmittedText(string Text, string? Data, string? Output)
{
    /// <summary>Name of the header that makes a submission happen once.</summary>
    public const string IdempotencyKey = "Idempotency-Key";

    /// <summary>Content types that a spec may have.</summary>
    public static readonly string[] Types = ["application/json", "application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml"];

    /// <summary>Tells this request from any other one.</summary>
    public string Hash { get; } = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{Text}\0{Data}\0{Output}")));

    /// <summary>The idempotency key of a request, null if it has none; or what is wrong with it.</summary>
    public static (string? Key, IResult? Problem) Key(HttpRequest request)
    {
        var key = request.Headers[IdempotencyKey].ToString();
        return key.Length > Limits.IdempotencyKeyLength
            ? (null, Problems.Of(StatusCodes.Status400BadRequest, "idempotency_key_long", $"The {IdempotencyKey} has {key.Length} characters; at most {Limits.IdempotencyKeyLength} are kept."))
            : (key.Length == 0 ? null : key, null);
    }

    /// <summary>Reads a request; or says why it cannot be read.</summary>
    public static async Task<(SubmittedText? Value, IResult? Problem)> ReadAsync(HttpRequest request, string? data, string? output)
    {
        var type = request.ContentType?.Split(';')[0].Trim() ?? "";
        if (!Types.Contains(type, StringComparer.OrdinalIgnoreCase))
        {
            return (null, Problems.Of(StatusCodes.Status415UnsupportedMediaType, "media_type", $"The content type '{type}' is not read here. Send the spec as {string.Join(", ", Types)}."));
        }

        using var body = new MemoryStream();
        try
        {
            await request.Body.CopyToAsync(body, request.HttpContext.RequestAborted).ConfigureAwait(false);
        }
        catch (Exception e) when (e is InvalidOperationException or (IOException and not BadHttpRequestException))
        {
            // So the server says that a chunk has no sensible size or a broken end, or that the caller has gone.
            return (null, Problems.Of(StatusCodes.Status400BadRequest, "body_broken", $"The body cannot be read to its end: {e.Message}"));
        }

        return Decode(body.ToArray()) is { } text
            ? (new SubmittedText(text, data, output), null)
            : (null, Problems.Of(StatusCodes.Status400BadRequest, "not_utf8", "The body is not UTF-8."));
    }

    private static string? Decode(byte[] body)
    {
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(body).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }
}
