using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;
using Temper.Contracts.Agents;
using Temper.Contracts.Runs;
using Temper.Contracts.Specs;
using Temper.Coordinator.Runs;
using Temper.Coordinator.Store;
using Temper.Coordinator.Tests.Support;

namespace Temper.Coordinator.Tests.Store;

[Trait("kind", "integration")]
public class GrainStorageTests
{
    private static readonly GrainId Grain = GrainId.Create("run", "r1");

    [Fact]
    public async Task A_write_over_a_newer_version_is_refused()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var storage = coordinator.Services.GetRequiredKeyedService<IGrainStorage>(SqliteGrainStorage.Name);
        var first = new GrainState<RunState>(new RunState { Epoch = 1 });
        await storage.WriteStateAsync("run", Grain, first);
        var second = new GrainState<RunState>();
        await storage.ReadStateAsync("run", Grain, second);
        second.State = second.State! with { Epoch = 2 };
        await storage.WriteStateAsync("run", Grain, second);

        first.State = first.State! with { Epoch = 9 };
        await Assert.ThrowsAsync<InconsistentStateException>(() => storage.WriteStateAsync("run", Grain, first));
        await Assert.ThrowsAsync<InconsistentStateException>(() => storage.WriteStateAsync("run", Grain, new GrainState<RunState>(new RunState { Epoch = 9 })));
        await Assert.ThrowsAsync<InconsistentStateException>(() => storage.WriteStateAsync("run", GrainId.Create("run", "unknown"), new GrainState<RunState>(new RunState(), "3")));

        var read = new GrainState<RunState>();
        await storage.ReadStateAsync("run", Grain, read);
        Assert.Equal((2L, "2", true), (read.State!.Epoch, read.ETag, read.RecordExists));
    }

    [Fact]
    public async Task State_comes_back_as_it_was_written()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var storage = coordinator.Services.GetRequiredKeyedService<IGrainStorage>(SqliteGrainStorage.Name);
        var state = new RunState
        {
            Phase = RunPhase.Running,
            Epoch = 3,
            Seats = [new Seat(0, "a", 1, "s", "offer", 12, true, SeatEnd.Stopped)],
            Precision = Precision.Bf16,
            Secret = "secret",
            Checkpoints = [new CheckpointMark(5, "e1-s5")],
            Recoveries = [new Recovery(DateTimeOffset.UnixEpoch, 1, FailureCauses.Exchange, "m", 5)],
            Suspicion = new Suspicion(0, FailureCauses.Exchange, "m", 1, DateTimeOffset.UnixEpoch, true),
            LastEvents = [new RunEventRow("k", DateTimeOffset.UnixEpoch, "kind", "message", "{}")],
        };
        await storage.WriteStateAsync("run", Grain, new GrainState<RunState>(state));
        var read = new GrainState<RunState>();
        await storage.ReadStateAsync("run", Grain, read);

        Assert.Equal(ProtocolJson.Write(state), ProtocolJson.Write(read.State));
    }

    [Fact]
    public async Task A_commit_is_on_the_disk_before_anybody_is_told()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var file = coordinator.Services.GetRequiredService<RunStore>().File;

        // 2 is FULL: also for connections that Orleans' provider opens itself.
        using var connection = new SqliteConnection(file.ConnectionString);
        connection.Open();
        Assert.Equal(2L, connection.Query("PRAGMA synchronous", reader => reader.GetInt64(0)).Single());
        Assert.Equal("wal", connection.Query("PRAGMA journal_mode", reader => reader.GetString(0)).Single());
    }
}
