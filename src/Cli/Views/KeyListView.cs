using Spectre.Console;
using Spectre.Console.Rendering;
using Temper.Coordinator.Reports;
using Temper.Coordinator.Store;

namespace Temper.Cli.Views;

/// <summary>API keys, the oldest first.</summary>
internal static class KeyListView
{
    public static IRenderable Render(IReadOnlyList<ApiKey> keys, DateTimeOffset now)
    {
        if (keys.Count == 0)
        {
            return new Text("There are no keys. `temper key create` makes one.", Cells.Soft);
        }

        var table = Cells.Table(("Key", false), ("Name", false), ("Role", false), ("Age", true), ("State", false));
        foreach (var key in keys)
        {
            table.AddRow(
                Cells.Name(key.Id),
                Cells.Data(key.Name),
                new Text(KeyStore.NameOf(key.Role)),
                Cells.Number(Figures.Duration((now - key.CreatedAt).TotalSeconds)),
                key.RevokedAt is { } revoked ? new Text($"revoked {Figures.Duration((now - revoked).TotalSeconds)} ago", Cells.Bad) : new Text("valid", Cells.Good));
        }

        return table;
    }
}
