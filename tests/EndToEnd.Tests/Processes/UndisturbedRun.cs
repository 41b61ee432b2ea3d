namespace Temper.EndToEnd.Tests.Processes;

/// <summary>All tests with processes: one after the other, since each takes all cores.</summary>
[CollectionDefinition("processes")]
public sealed class ProcessTests : ICollectionFixture<UndisturbedRun>;

/// <summary>A run of <see cref="RunFolder.Spec"/> with two workers with which nothing goes wrong, made once: what disturbed ones are compared with.</summary>
public sealed class UndisturbedRun : IDisposable
{
    /// <summary>So many that a run can be disturbed before its end.</summary>
    public const int Steps = 300;

    private readonly RunFolder _folder = new();
    private readonly Lazy<Task<string>> _output;

    public UndisturbedRun() => _output = new(async () =>
    {
        var (exit, output) = await TemperProcess.Run("run", _folder.Spec(Steps), "--output", _folder["whole"]);
        Assert.True(exit == 0, output);
        return _folder["whole"];
    });

    /// <summary>Its output folder.</summary>
    public Task<string> Output => _output.Value;

    public void Dispose() => _folder.Dispose();
}
