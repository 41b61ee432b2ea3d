using System.Globalization;
using System.Xml.Linq;
using Temper.Contracts.Agents;
using Temper.Contracts.Runs;
using Temper.Contracts.Specs;
using Temper.Coordinator.Store;

namespace Temper.Coordinator.Tests.Store;

/// <summary>What the stores promise, on whichever database.</summary>
[Trait("kind", "integration")]
public abstract class StoreContract
{
    private static readonly DateTimeOffset s_now = new(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);

    /// <summary>Opens the database of this test, once more each time.</summary>
    private protected abstract IDatabase Open();

    private protected virtual IDatabase OpenMetrics() => Open();

    [Fact]
    public async Task A_run_comes_back_as_it_was_accepted()
    {
        using var database = Open();
        var store = new RunStore(database);
        var (row, status) = Run("r1", experiment: new ExperimentMember("e1", "member-1"));
        Assert.Equal(new InsertResult.Inserted("r1"), await store.InsertAsync(row, status, null, null));

        Assert.Equal(ProtocolJson.Write(row), ProtocolJson.Write(await store.FindAsync("r1")));
        Assert.Equal(ProtocolJson.Write(status), ProtocolJson.Write(await store.StatusAsync("r1")));
        Assert.Equal("r1", Assert.Single(await store.OfExperimentAsync("e1")).Id);
        var open = Assert.Single(await store.OpenRunsAsync());
        Assert.Equal(("r1", 12_345_678_901), (open.Status.Id, open.MemoryBytes));
        Assert.Equal((RunPhase.Queued, 1), Assert.Single(await store.CountByPhaseAsync()) is var (phase, count) ? (phase, count) : default);
        Assert.Null(await store.FindAsync("nobody"));
        Assert.Null(await store.StatusAsync("nobody"));
    }

    [Fact]
    public async Task A_request_that_is_sent_again_gets_what_it_made_and_a_taken_folder_is_named()
    {
        using var database = Open();
        var store = new RunStore(database);
        await InsertAsync(store, "r1", key: "k", hash: "h");

        Assert.Equal(new InsertResult.Repeated("r1"), await InsertAsync(store, "r2", key: "k", hash: "h"));
        Assert.Equal(new InsertResult.KeyTaken("r1"), await InsertAsync(store, "r2", key: "k", hash: "other"));
        Assert.Equal(new InsertResult.Repeated("r1"), await store.FindByKeyAsync("k", "h"));
        Assert.Null(await store.FindByKeyAsync("x", "h"));
        Assert.Equal(new InsertResult.OutputTaken("r1", "/out/r1"), await InsertAsync(store, "r2", folder: "/out/r1"));
    }

    [Theory]
    [InlineData("/out/a", "/out/a/model", true)]
    [InlineData("/out/a/b/c", "/out/a", true)]
    [InlineData("/out/a", "/out/ab", false)]
    [InlineData("/out/ab", "/out/a", false)]
    [InlineData("/out/a_", "/out/ab/c", false)]
    [InlineData("/out/ä%", "/out/ä%/c", true)]
    public async Task Folders_in_each_other_are_not_given_out(string first, string second, bool isRefused)
    {
        using var database = Open();
        var store = new RunStore(database);
        await InsertAsync(store, "r1", folder: first);

        Assert.Equal(isRefused ? new InsertResult.OutputTaken("r1", first, second) : new InsertResult.Inserted("r2"), await InsertAsync(store, "r2", folder: second));
        await store.SaveAsync(Run("r1", folder: first).Status with { Phase = RunPhase.Cancelled }, 1, []);
        Assert.Equal(isRefused, await InsertAsync(store, "r3", folder: second + "/x") is InsertResult.Inserted);
    }

    [Fact]
    public async Task Of_many_that_want_the_same_folder_at_once_one_gets_it()
    {
        using var one = Open();
        using var two = Open();
        RunStore[] stores = [new(one), new(two)];

        var results = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => InsertAsync(stores[i % 2], $"r{i}", folder: "/out/one")));

        var winner = Assert.Single(results.OfType<InsertResult.Inserted>());
        Assert.All(results.OfType<InsertResult.OutputTaken>(), refusal => Assert.Equal(winner.RunId, refusal.RunId));
        Assert.Single(await stores[0].OpenRunsAsync());
    }

    [Fact]
    public async Task Lists_are_filtered_and_paged_from_the_newest_on()
    {
        using var database = Open();
        var store = new RunStore(database);
        for (var i = 0; i < 6; i++)
        {
            await InsertAsync(store, $"r{i}", name: i % 2 == 0 ? "even" : "odd");
        }

        await store.SaveAsync(Run("r5").Status with { Phase = RunPhase.Failed }, 1, []);

        async Task<string[]> Ids(RunFilter filter, long? before, int most) => [.. (await store.ListAsync(filter, before, most)).Select(run => run.Status.Id)];
        Assert.Equal(["r5", "r4", "r3"], await Ids(new RunFilter(), null, 3));
        Assert.Equal(["r2", "r1", "r0"], await Ids(new RunFilter(), (await store.ListAsync(new RunFilter(), null, 3))[^1].Order, 10));
        Assert.Equal(["r4", "r2", "r0"], await Ids(new RunFilter(Name: "even"), null, 10));
        Assert.Equal(["r4", "r2", "r0"], await Ids(new RunFilter(Name: "VEN"), null, 10));
        Assert.Empty(await Ids(new RunFilter(Name: "e_en"), null, 10));
        Assert.Empty(await Ids(new RunFilter(Name: "%"), null, 10));
        Assert.Equal(["r5"], await Ids(new RunFilter(RunPhase.Failed), null, 10));
        Assert.Equal(["r3", "r1"], await Ids(new RunFilter(RunPhase.Queued, "odd"), null, 10));
        Assert.Empty(await Ids(new RunFilter(Experiment: "none"), null, 10));
        Assert.Equal(["r0", "r1", "r2", "r3", "r4"], (await store.OpenRunsAsync()).Select(run => run.Status.Id));
    }

    [Fact]
    public async Task A_status_of_an_earlier_state_does_not_come_through_but_what_it_tells_does()
    {
        using var database = Open();
        var store = new RunStore(database);
        await InsertAsync(store, "r1");
        var ended = Run("r1").Status with { Phase = RunPhase.Succeeded };
        await store.SaveAsync(ended, 7, [Event("c7.0", "succeeded")]);

        await store.SaveAsync(ended with { Phase = RunPhase.Running }, 6, [Event("t1.0.5", "log")]);
        Assert.Empty(await store.OpenRunsAsync());
        Assert.Equal(RunPhase.Succeeded, (await store.StatusAsync("r1"))!.Phase);
        await store.SaveAsync(ended with { Reason = "Again." }, 7, [Event("c7.0", "succeeded")]);
        Assert.Equal("Again.", (await store.StatusAsync("r1"))!.Reason);
        Assert.Equal(["submitted", "succeeded", "log"], (await store.EventsAsync("r1", 0, 10)).Select(e => e.Kind));
    }

    [Fact]
    public async Task Whoever_reads_on_from_the_last_event_misses_none_whoever_writes_meanwhile()
    {
        const int Writers = 6;
        const int EachWrites = 40;
        using var one = Open();
        using var two = Open();
        RunStore[] stores = [new(one), new(two)];
        await InsertAsync(stores[0], "r1");
        await InsertAsync(stores[0], "r2");
        // Writers whose status no longer counts: no row of a run is theirs to wait at.
        await stores[0].SaveAsync(Run("r1").Status, 1, []);
        await stores[0].SaveAsync(Run("r2").Status, 1, []);

        var writing = Task.WhenAll(Enumerable.Range(0, Writers).Select(async writer =>
        {
            for (var i = 0; i < EachWrites; i++)
            {
                // Every other one to another run, so that ids have gaps.
                var run = (writer + i) % 3 == 0 ? "r2" : "r1";
                await stores[writer % 2].SaveAsync(Run(run).Status, 0, [Event($"{writer}.{i}.a"), Event($"{writer}.{i}.b")]);
            }
        }));
        var seen = new List<long>();
        for (var last = false; ;)
        {
            var page = await stores[1].EventsAsync("r1", seen.LastOrDefault(), 50);
            seen.AddRange(page.Select(e => e.Id));
            if (page.Count == 0 && last)
            {
                break;
            }

            last = writing.IsCompleted;
        }

        await writing;
        Assert.Equal((await stores[0].EventsAsync("r1", 0, int.MaxValue)).Select(e => e.Id), seen);
        Assert.Equal(1 + (2 * Enumerable.Range(0, Writers).Sum(writer => Enumerable.Range(0, EachWrites).Count(i => (writer + i) % 3 != 0))), seen.Count);
    }

    [Fact]
    public async Task Those_who_wait_for_events_hear_of_them_and_of_nothing_that_only_changes_a_status()
    {
        using var database = Open();
        var store = new RunStore(database);
        await InsertAsync(store, "r1");
        using var stop = new CancellationTokenSource();
        var next = store.NextEvent;
        var listening = Task.CompletedTask;
        if (database is PostgresDatabase shared)
        {
            // That it listens now is told like an event.
            listening = shared.ListenAsync(stop.Token);
            await next.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
            next = store.NextEvent;
        }

        await store.SaveAsync(Run("r1").Status, 0, []);
        Assert.False(next.IsCompleted);
        await store.SaveAsync(Run("r1").Status, 0, [Event("x")]);
        await next.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        await stop.CancelAsync();
        await listening;
    }

    [Fact]
    public async Task Text_that_no_database_likes_is_kept_as_well_as_it_can_be()
    {
        using var database = Open();
        var store = new RunStore(database);
        await InsertAsync(store, "r1");
        await store.SaveAsync(Run("r1").Status, 0, [new RunEventRow("k", s_now, "log", "a\0b \uD800 'quoted' \U0001F600 @name", "{\"x\":\"\\u0000\"}")]);

        var e = (await store.EventsAsync("r1", 0, 10))[^1];
        Assert.StartsWith("a", e.Message);
        Assert.EndsWith("b \uFFFD 'quoted' \U0001F600 @name", e.Message);
        Assert.Equal(("k", s_now, "\0"), ("k", e.At, e.Data!.Value.GetProperty("x").GetString()));
    }

    [Fact]
    public async Task Steps_are_replaced_by_a_later_epoch_and_by_no_earlier_one()
    {
        using var database = OpenMetrics();
        var store = new MetricStore(database);
        await store.SaveAsync("r", 1, [.. Enumerable.Range(1, 10).Select(step => Step(step, 1))], []);
        await store.SaveAsync("r", 2, [.. Enumerable.Range(6, 3).Select(step => Step(step, 2))], [Evaluation(5, "b"), Evaluation(5, "B"), Evaluation(5, "a"), Evaluation(3, "c", final: true)]);
        await store.SaveAsync("r", 1, [Step(7, 3)], [Evaluation(5, "a") with { Examples = 99 }]);
        await store.SaveAsync("other", 1, [Step(1, 0.1 + 0.2)], []);

        var steps = await store.StepsAsync("r", 0, int.MaxValue, int.MaxValue);
        Assert.Equal([1, 1, 1, 1, 1, 2, 2, 2, 1, 1], steps.Select(step => step.Loss));
        Assert.Equal([3, 6, 8], (await store.StepsAsync("r", 3, 8, 2)).Select(step => step.Step));
        Assert.Equal((8, (int?)null, 10), (await store.LastStepAsync("r", 2), await store.LastStepAsync("r", 3), await store.LastStepAsync("r", 1)));
        Assert.Equal((10 * 2.5e9, 10 * 0.25), await store.WorkAsync("r"));
        Assert.Equal((0d, 0d), await store.WorkAsync("none"));
        Assert.Equal(["c", "B", "a", "b"], (await store.EvaluationsAsync("r")).Select(row => row.Task));
        Assert.All(await store.EvaluationsAsync("r"), row => Assert.Equal(4, row.Examples));
        // To the last bit: curves are compared.
        Assert.Equal(0.1 + 0.2, Assert.Single(await store.StepsAsync("other", 0, 9, 9)).Loss);
    }

    [Fact]
    public async Task Metrics_keep_their_order()
    {
        using var database = OpenMetrics();
        var store = new MetricStore(database);
        var metrics = new OrderedDictionary<string, double?> { ["rouge2"] = 3, ["f1"] = null, ["accuracy"] = 1 };

        await store.SaveAsync("r", 1, [], [Evaluation(1, "t") with { Metrics = metrics }]);

        Assert.Equal(metrics, Assert.Single(await store.EvaluationsAsync("r")).Metrics);
    }

    [Fact]
    public async Task Keys_are_found_listed_and_revoked()
    {
        using var database = Open();
        using var keys = new KeyStore(database, owns: false);
        Assert.Equal((null, false), await keys.FindAsync("anything"));
        var (first, secret) = await keys.CreateAsync("one", Role.Submitter, s_now);
        var (second, _) = await keys.CreateAsync("two", Role.Viewer, s_now);

        Assert.Equal((first, true), await keys.FindAsync(secret));
        Assert.Equal([first, second], await keys.ListAsync());
        Assert.Equal(first with { RevokedAt = s_now }, await keys.RevokeAsync(first.Id, s_now));
        Assert.Equal((null, true), await keys.FindAsync(secret));
        Assert.Null(await keys.RevokeAsync("nobody", s_now));
    }

    [Fact]
    public async Task The_secret_of_the_start_is_an_admins_key_and_a_new_one_takes_its_place()
    {
        using var database = Open();
        using var keys = new KeyStore(database, owns: false);
        await keys.BootstrapAsync("first-secret-of-the-tests", s_now);
        await keys.BootstrapAsync("first-secret-of-the-tests", s_now.AddDays(1));
        var first = Assert.Single(await keys.ListAsync());
        Assert.Equal((KeyStore.BootstrapName, Role.Admin, s_now, null), (first.Name, first.Role, first.CreatedAt, first.RevokedAt));
        Assert.Equal((first, true), await keys.FindAsync("first-secret-of-the-tests"));

        await keys.BootstrapAsync("second-secret-of-the-tests", s_now.AddDays(2));
        Assert.Equal((null, true), await keys.FindAsync("first-secret-of-the-tests"));
        Assert.NotNull((await keys.FindAsync("second-secret-of-the-tests")).Shown);
        await keys.BootstrapAsync("first-secret-of-the-tests", s_now.AddDays(3));
        Assert.Equal((first, true), await keys.FindAsync("first-secret-of-the-tests"));
    }

    [Fact]
    public void Keys_of_cookies_come_back_as_they_were_stored()
    {
        using var database = Open();
        var keys = new ProtectionKeys(database);
        Assert.Empty(keys.GetAllElements());
        keys.StoreElement(XElement.Parse("<key id=\"2\"><value>äöü &lt;</value></key>"), "key-2");
        keys.StoreElement(XElement.Parse("<key id=\"1\" />"), "key-1");

        Assert.Equal(["<key id=\"1\" />", "<key id=\"2\"><value>äöü &lt;</value></key>"], keys.GetAllElements().Select(element => element.ToString(SaveOptions.DisableFormatting)));
    }

    private protected static (RunRow Row, RunStatus Status) Run(string id, string name = "demo", string? folder = null, ExperimentMember? experiment = null)
    {
        folder ??= $"/out/{id}";
        return (
            new RunRow(id, name, "{\"name\":\"demo\"}", ["/data"], folder, new RunPlan(1, 2, 12_345_678_901, []), s_now, [new ModelOrigin(null, "/m")], experiment),
            new RunStatus(id, name, RunPhase.Queued, "Waits.", 0, 10, 0, 1, [], [], null, folder, s_now, null, null, null));
    }

    private static Task<InsertResult> InsertAsync(RunStore store, string id, string name = "demo", string? folder = null, string? key = null, string? hash = null)
    {
        var (row, status) = Run(id, name, folder);
        return store.InsertAsync(row, status, key, hash);
    }

    private static RunEventRow Event(string key, string kind = "log") => new(key, s_now, kind, string.Create(CultureInfo.InvariantCulture, $"Event {key}."));

    private static StepRow Step(int step, double loss) => new(step, loss, 0.001, 1, 0.25, 0, 0, 1, 1, 1, new Dictionary<string, TaskStep>(), Flops: 2.5e9);

    private static EvaluationRow Evaluation(int step, string task, bool final = false) => new(step, final, task, "validation", 4, new Dictionary<string, double?>(), [], 1);
}
