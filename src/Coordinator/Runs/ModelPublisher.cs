namespace Temper.Coordinator.Runs;

/// <summary>How the model of a run takes its place.</summary>
/// <param name="Publish">Given the output folder and the draft's name; may be repeated.</param>
internal sealed record ModelPublisher(Action<string, string> Publish);
