using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;
using Temper.Contracts.Agents;
using Temper.Contracts.Runs;
using Temper.Contracts.Specs;
using Temper.Coordinator.Configuration;
using Temper.Coordinator.Runs;
using Temper.Coordinator.Store;
using Temper.Coordinator.Tests.Support;
using Temper.TestKit;

namespace Temper.Coordinator.Tests.Store;

/// <summary>What grain storage promises, on whichever database.</summary>
[Trait("kind", "integration")]
public abstract class GrainStorageContract
{
    private static readonly GrainId Grain = GrainId.Create("run", "r1");

    [Fact]
    public async Task A_write_over_a_newer_version_is_refused()
    {
        await using var coordinator = await StartAsync();
        var storage = coordinator.Services.GetRequiredKeyedService<IGrainStorage>(StateBackend.GrainStorage);
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
        await using var coordinator = await StartAsync();
        var storage = coordinator.Services.GetRequiredKeyedService<IGrainStorage>(StateBackend.GrainStorage);
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
    public async Task Of_writers_that_read_the_same_version_one_wins()
    {
        await using var coordinator = await StartAsync();
        var storage = coordinator.Services.GetRequiredKeyedService<IGrainStorage>(StateBackend.GrainStorage);
        await storage.WriteStateAsync("run", Grain, new GrainState<RunState>(new RunState()));
        var writers = Enumerable.Range(1, 8).Select(epoch => new GrainState<RunState>(new RunState { Epoch = epoch }, "1")).ToList();
        var others = Enumerable.Range(1, 8).Select(epoch => new GrainState<RunState>(new RunState { Epoch = epoch })).ToList();

        async Task<bool> Wins(string grain, GrainState<RunState> state)
        {
            try
            {
                await storage.WriteStateAsync("run", GrainId.Create("run", grain), state);
                return true;
            }
            catch (InconsistentStateException)
            {
                return false;
            }
        }

        var won = await Task.WhenAll(writers.Select(state => Wins("r1", state)));
        var made = await Task.WhenAll(others.Select(state => Wins("new", state)));

        Assert.Equal((1, 1), (won.Count(wins => wins), made.Count(wins => wins)));
        var read = new GrainState<RunState>();
        await storage.ReadStateAsync("run", Grain, read);
        Assert.Equal((writers[Array.IndexOf(won, true)].State!.Epoch, "2"), (read.State!.Epoch, read.ETag));
    }

    [Fact]
    public async Task State_that_was_cleared_is_gone_and_can_be_written_again()
    {
        await using var coordinator = await StartAsync();
        var storage = coordinator.Services.GetRequiredKeyedService<IGrainStorage>(StateBackend.GrainStorage);
        var state = new GrainState<RunState>(new RunState { Epoch = 1 });
        await storage.WriteStateAsync("run", Grain, state);
        await Assert.ThrowsAsync<InconsistentStateException>(() => storage.ClearStateAsync("run", Grain, new GrainState<RunState>(new RunState(), "7") { RecordExists = true }));
        await storage.ClearStateAsync("run", Grain, state);

        var read = new GrainState<RunState>();
        await storage.ReadStateAsync("run", Grain, read);
        Assert.Equal((false, 0L), (read.RecordExists, read.State!.Epoch));
        read.State = new RunState { Epoch = 5 };
        await storage.WriteStateAsync("run", Grain, read);
        await storage.ReadStateAsync("run", Grain, state);
        Assert.Equal((true, 5L), (state.RecordExists, state.State!.Epoch));
    }

    private protected abstract Task<CoordinatorUnderTest> StartAsync();
}

/// <summary>Grain storage in SQLite.</summary>
public sealed class SqliteGrainStorageTests : GrainStorageContract
{
    [Fact]
    public async Task A_commit_is_on_the_disk_before_anybody_is_told()
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var file = (SqliteFile)coordinator.Services.GetRequiredService<StateBackend>().State;

        // 2 is FULL: also for connections that Orleans' provider opens itself.
        using var connection = new SqliteConnection(file.ConnectionString);
        connection.Open();
        Assert.Equal(2L, connection.Query("PRAGMA synchronous", reader => reader.GetInt64(0)).Single());
        Assert.Equal("wal", connection.Query("PRAGMA journal_mode", reader => reader.GetString(0)).Single());
    }

    private protected override Task<CoordinatorUnderTest> StartAsync() => CoordinatorUnderTest.StartedAsync();
}

/// <summary>Grain storage in PostgreSQL.</summary>
public sealed class PostgresGrainStorageTests : GrainStorageContract
{
    private protected override async Task<CoordinatorUnderTest> StartAsync()
    {
        var coordinator = new CoordinatorUnderTest { Database = PostgresUrl.Parse(PostgresServer.Shared.NewDatabase()) };
        await coordinator.StartAsync();
        return coordinator;
    }
}
