using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Temper.Contracts.Specs;
using Temper.Coordinator.Hosting;
using Temper.Coordinator.Scheduling;
using Temper.Mixture.Tasks;

namespace Temper.Coordinator.Api;

/// <summary>A submission that was read and found right.</summary>
/// <param name="Spec">The spec.</param>
/// <param name="Plan">What it will cost.</param>
/// <param name="DataRoots">Folders that its sources lie under.</param>
/// <param name="Output">Its output folder; null if none was named.</param>
/// <param name="Hash">Hash of everything that was asked.</param>
internal sealed record Submission(RunSpec Spec, RunPlan Plan, IReadOnlyList<string> DataRoots, string? Output, string Hash)
{
    private static readonly string[] JsonTypes = ["application/json"];
    private static readonly string[] YamlTypes = ["application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml"];

    /// <summary>Reads a submission; or says what is wrong with it, all of it.</summary>
    public static async Task<(Submission? Value, IResult? Problem)> ReadAsync(HttpRequest request, string? data, string? output, CoordinatorOptions options, IGrainFactory grains)
    {
        var type = request.ContentType?.Split(';')[0].Trim() ?? "";
        if (!JsonTypes.Concat(YamlTypes).Contains(type, StringComparer.OrdinalIgnoreCase))
        {
            return (null, Problems.Of(StatusCodes.Status415UnsupportedMediaType, "media_type", $"The content type '{type}' is not read here. Send the spec as {string.Join(", ", JsonTypes.Concat(YamlTypes))}."));
        }

        var body = await ReadBodyAsync(request).ConfigureAwait(false);
        if (Decode(body) is not { } text)
        {
            return (null, Problems.Of(StatusCodes.Status400BadRequest, "not_utf8", "The body is not UTF-8."));
        }

        var errors = new List<SpecError>();
        var roots = DataRootsOf(data, options, errors);
        var folder = OutputOf(output, options, errors);
        var agents = await grains.GetGrain<IPoolGrain>(IPoolGrain.Key).Agents().ConfigureAwait(false);
        var largest = agents.Where(agent => agent is { SlotCount: > 0, MemoryPerSlot: > 0 }).Select(agent => (long?)agent.MemoryPerSlot).Max();
        // It reads every file that the spec names: not on a thread that answers others.
        var planned = await Task.Run(() => RunPlanner.ReadAndPlan(text, roots, largest)).ConfigureAwait(false);
        errors.AddRange(planned.Errors);
        if (errors.Count > 0 || planned.Value is not { } run)
        {
            return (null, Problems.WrongSpec(errors));
        }

        var hash = SHA256.HashData([.. body, .. Encoding.UTF8.GetBytes($"\0{data}\0{output}")]);
        return (new Submission(run.Spec, run.Plan, roots, folder, Convert.ToHexStringLower(hash)), null);
    }

    private static IReadOnlyList<string> DataRootsOf(string? data, CoordinatorOptions options, List<SpecError> errors)
    {
        if (string.IsNullOrEmpty(data))
        {
            return options.DataRoots;
        }

        if (Folders.Under(options.DataRoots, data) is { } folder && Directory.Exists(folder))
        {
            return [folder, .. options.DataRoots];
        }

        errors.Add(new SpecError("?data", $"The folder '{data}' is not under the data roots of this server. Name one under {string.Join(" or ", options.DataRoots)}."));
        return options.DataRoots;
    }

    private static string? OutputOf(string? output, CoordinatorOptions options, List<SpecError> errors)
    {
        if (string.IsNullOrEmpty(output))
        {
            return null;
        }

        var folder = Folders.Under([options.OutputRoot], output);
        if (folder is null)
        {
            errors.Add(new SpecError("?output", $"The folder '{output}' is not under the output root of this server. Name one under {options.OutputRoot}."));
        }

        return folder;
    }

    private static async Task<byte[]> ReadBodyAsync(HttpRequest request)
    {
        using var memory = new MemoryStream();
        await request.Body.CopyToAsync(memory, request.HttpContext.RequestAborted).ConfigureAwait(false);
        return memory.ToArray();
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
