using System.Text.Json;
using System.Text.Json.Nodes;
using Temper.Contracts.Specs;
using Temper.Coordinator.Reports;

namespace Temper.Coordinator.Web.Live;

/// <summary>Where specs differ: what one looks for first when two curves do.</summary>
internal static class SpecDifferences
{
    /// <summary>Each key whose values are not the same in all specs, with its value in each; null where one lacks it.</summary>
    public static IReadOnlyList<(string Key, IReadOnlyList<string?> Values)> Of(IReadOnlyList<RunSpec> specs)
    {
        var flat = specs.Select(spec => Flat(JsonSerializer.SerializeToNode(spec, ReportJson.Spec))).ToList();
        return
        [
            .. flat.SelectMany(values => values.Keys).Distinct().Where(key => key != "name")
                .Select(key => (key, (IReadOnlyList<string?>)[.. flat.Select(values => values.GetValueOrDefault(key))]))
                .Where(pair => pair.Item2.Distinct().Count() > 1),
        ];
    }

    private static Dictionary<string, string> Flat(JsonNode? root)
    {
        var values = new Dictionary<string, string>();
        Add("", root);
        return values;

        void Add(string path, JsonNode? node)
        {
            switch (node)
            {
                case JsonObject map:
                    foreach (var (key, inner) in map)
                    {
                        Add(path.Length == 0 ? key : $"{path}.{key}", inner);
                    }

                    break;
                case JsonValue value:
                    values[path] = value.ToString();
                    break;
                case not null:
                    values[path] = node.ToJsonString();
                    break;
            }
        }
    }
}
