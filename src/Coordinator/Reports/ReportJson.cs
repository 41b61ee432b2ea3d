using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Unicode;
using Temper.Contracts.Agents;
using Temper.Coordinator.Reports.Experiments;

namespace Temper.Coordinator.Reports;

/// <summary>How the report's JSON files are written: as the protocol, but for people and other programs.</summary>
public static class ReportJson
{
    /// <summary>For <c>losses.jsonl</c>: one line a document.</summary>
    public static JsonSerializerOptions Line { get; } = new(ProtocolJson.Options)
    {
        Converters = { new FiniteOrNull() },
    };

    /// <summary>For <c>report.json</c>: indented, every key present, letters of all scripts as they are.</summary>
    public static JsonSerializerOptions Document { get; } = new(Line)
    {
        WriteIndented = true,
        NewLine = "\n",
        DefaultIgnoreCondition = JsonIgnoreCondition.Never,
        Encoder = JavaScriptEncoder.Create(UnicodeRanges.All),
    };

    /// <summary>For showing a spec so that it can be submitted again: only the keys that were given, none of the derived ones.</summary>
    internal static JsonSerializerOptions Spec { get; } = new(Document)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        IgnoreReadOnlyProperties = true,
    };

    /// <summary>Reads the <c>report.json</c> of a run.</summary>
    /// <exception cref="JsonException">The text is not such a report.</exception>
    public static RunReport Read(string text) =>
        JsonSerializer.Deserialize<RunReport>(text, Document) ?? throw new JsonException("null is not a report.");

    /// <summary>Reads the <c>report.json</c> of an experiment.</summary>
    /// <exception cref="JsonException">The text is not such a report.</exception>
    public static ExperimentReport ReadExperiment(string text) =>
        JsonSerializer.Deserialize<ExperimentReport>(text, Document) ?? throw new JsonException("null is not a report.");

    // JSON has no NaN: a metric that is not defined is null, and so is everything else that is not a number.
    private sealed class FiniteOrNull : JsonConverter<double>
    {
        public override bool HandleNull => true;

        public override double Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.Null ? double.NaN : reader.GetDouble();

        public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options)
        {
            if (double.IsFinite(value))
            {
                writer.WriteNumberValue(value);
            }
            else
            {
                writer.WriteNullValue();
            }
        }
    }
}
