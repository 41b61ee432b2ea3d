using Temper.Mixture.Examples;
using Temper.Mixture.Metrics;
using Temper.Mixture.Objectives;

namespace Temper.Mixture.Tasks;

/// <summary>A task that is ready to train on: its examples as text, and how predictions are judged.</summary>
/// <param name="Name">Name of the task.</param>
/// <param name="Train">Training examples, in the order of the source.</param>
/// <param name="Validation">Examples that are evaluated while training; may be empty.</param>
/// <param name="Test">Examples that are evaluated at the end only; may be empty.</param>
/// <param name="Labels">The only valid answers, in class-id order; null for free text.</param>
/// <param name="Metrics">How predictions are judged; empty for a task that is judged by its loss only.</param>
/// <param name="ContentHash">SHA-256 over the name and all rows, in hexadecimal: equal on two hosts when they train on the same text. See <see cref="ContentHasher"/>.</param>
/// <param name="SpanCorruption">Set for a text to pre-train on: then an example is a document, which has no targets.</param>
/// <param name="MaxChunks">Documents that fill so many chunks are trained on; null for all.</param>
public sealed record TaskData(
    string Name,
    IReadOnlyList<TextExample> Train,
    IReadOnlyList<TextExample> Validation,
    IReadOnlyList<TextExample> Test,
    IReadOnlyList<string>? Labels,
    IReadOnlyList<Metric> Metrics,
    string ContentHash,
    SpanCorruptionSpec? SpanCorruption = null,
    int? MaxChunks = null);
