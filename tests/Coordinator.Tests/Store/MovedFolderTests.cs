using Temper.Contracts.Agents;
using Temper.Contracts.Runs;
using Temper.Contracts.Specs;
using Temper.Coordinator.Store;
using Temper.Coordinator.Tests.Reports;

namespace Temper.Coordinator.Tests.Store;

/// <summary>What a state says of places after its folder was moved or copied.</summary>
public sealed class MovedFolderTests : IDisposable
{
    private static readonly DateTimeOffset s_now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private readonly string _folder = Directory.CreateTempSubdirectory("temper-moved-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_run_goes_with_its_folder_and_what_lies_elsewhere_stays()
    {
        using var state = SqliteSchema.OpenState(_folder);
        var store = new RunStore(state);
        await InsertAsync(store, "r1", "/old/out", null);

        Assert.Equal("/old/out", await FollowAsync(state, "/new"));

        var row = (await store.FindAsync("r1"))!;
        Assert.Equal(("/new", "/new"), (row.OutputDirectory, (await store.StatusAsync("r1"))!.OutputDirectory));
        Assert.Equal(["/new/data", "/old/output", "/data"], row.DataRoots);
        Assert.Equal(["/new/runs/parent/model", "/old/out-2/model"], row.Origins.Select(origin => origin.Folder));
        Assert.Equal("Its output folder was /old/out and is /new now.", (await store.EventsAsync("r1", 0, 10)).Single(e => e.Kind == "moved").Message);

        Assert.Null(await FollowAsync(state, "/new"));
        Assert.Equal("/new", await FollowAsync(state, "/old/out"));
        Assert.Equal("/old/out", (await store.FindAsync("r1"))!.OutputDirectory);
    }

    [Fact]
    public async Task The_runs_of_an_experiment_go_with_its_folder()
    {
        using var state = SqliteSchema.OpenState(_folder);
        var store = new RunStore(state);
        Assert.Null(await FollowAsync(state, "/new"));
        var status = SampleExperiments.Mixtures().Status with { Id = "e1", OutputDirectory = "/old/out" };
        await state.WriteAsync(null, connection => connection.ExecuteAsync(
            """
            INSERT INTO experiments (id, name, kind, spec, layout, plan, output_directory, created_at, phase, ended, status)
            VALUES ('e1', 'e', 'mixture_study', '{}', '{}', '{}', '/old/out', '', 'running', 0, @status)
            """,
            ("@status", ProtocolJson.Write(status))));
        await InsertAsync(store, "e1-01", "/old/out/runs/a", new ExperimentMember("e1", "a"));
        await InsertAsync(store, "e1-02", "/old/out/runs/b", new ExperimentMember("e1", "b"));

        Assert.Equal("/old/out", await FollowAsync(state, "/new place"));

        Assert.Equal(["/new place/runs/a", "/new place/runs/b"], (await store.OfExperimentAsync("e1")).Select(run => run.OutputDirectory));
        Assert.Equal("/new place/runs/b", (await store.FindAsync("e1-02"))!.OutputDirectory);
        Assert.Equal("/new place", (await new ExperimentStore(state).StatusAsync("e1"))!.OutputDirectory);
        Assert.Equal("/new place", await state.ReadAsync(connection => connection.SingleAsync("SELECT output_directory FROM experiments", reader => reader.GetString(0))));
        Assert.Equal(["moved"], (await store.EventsAsync("e1", 0, 10)).Select(e => e.Kind));
    }

    private static Task<string?> FollowAsync(SqliteFile state, string folder) => state.WriteAsync(null, connection => MovedFolder.FollowAsync(connection, folder, s_now));

    private static Task<InsertResult> InsertAsync(RunStore store, string id, string folder, ExperimentMember? experiment) => store.InsertAsync(
        new RunRow(id, "small", "{}", ["/old/out/data", "/old/output", "/data"], folder, new RunPlan(1, 2, 3, []), s_now, [new ModelOrigin("p", "/old/out/runs/parent/model"), new ModelOrigin(null, "/old/out-2/model")], experiment),
        new RunStatus(id, "small", RunPhase.Paused, "Paused.", 20, 40, 1, 1, [], [], 20, folder, s_now, null, null, null),
        null,
        null);
}
