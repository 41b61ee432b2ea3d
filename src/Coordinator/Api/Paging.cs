using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Temper.Coordinator.Http;

namespace Temper.Coordinator.Api;

/// <summary>What lists have in common: filters by a word, a cursor, a size.</summary>
internal static class Paging
{
    private const int UsualSize = 50;

    /// <summary>A filter that was given; null for an empty one.</summary>
    public static string? Given(string? text) => string.IsNullOrEmpty(text) ? null : text;

    /// <summary>The value of a word such as <c>queued</c> or <c>mixture_study</c>; null for none.</summary>
    public static bool TryWord<T>(string what, string? word, out T? value, [NotNullWhen(false)] out IResult? problem)
        where T : struct, Enum
    {
        (value, problem) = (null, null);
        if (string.IsNullOrEmpty(word))
        {
            return true;
        }

        var words = Enum.GetValues<T>().ToDictionary(known => JsonNamingPolicy.SnakeCaseLower.ConvertName(known.ToString()), StringComparer.OrdinalIgnoreCase);
        if (words.TryGetValue(word, out var found))
        {
            value = found;
            return true;
        }

        problem = Problems.Of(StatusCodes.Status400BadRequest, $"{what}_unknown", $"There is no {what} '{word}'. Write one of {string.Join(", ", words.Keys)}.");
        return false;
    }

    /// <summary>The place that a cursor stands for; null for the beginning.</summary>
    public static bool TryCursor(string? cursor, out long? before, [NotNullWhen(false)] out IResult? problem)
    {
        (before, problem) = (null, null);
        if (string.IsNullOrEmpty(cursor))
        {
            return true;
        }

        if (long.TryParse(cursor, NumberStyles.None, CultureInfo.InvariantCulture, out var place))
        {
            before = place;
            return true;
        }

        problem = Problems.Of(StatusCodes.Status400BadRequest, "cursor_unknown", "The cursor is none that this list gave. Leave it out to begin at the newest.");
        return false;
    }

    /// <summary>One page, and the cursor of the next; null on the last one.</summary>
    public static async Task<(IReadOnlyList<T> Items, string? Next)> PageAsync<T>(int? limit, Func<int, Task<IReadOnlyList<(long Order, T Item)>>> list)
    {
        var most = Math.Clamp(limit ?? UsualSize, 1, Limits.PageSize);
        var rows = await list(most + 1).ConfigureAwait(false);
        var page = rows.Take(most).ToList();
        return ([.. page.Select(row => row.Item)], rows.Count > most ? page[^1].Order.ToString(CultureInfo.InvariantCulture) : null);
    }
}
