using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Temper.Coordinator.Store;
using Temper.Coordinator.Tests.Support;
using Temper.Planning.Reading;

namespace Temper.Coordinator.Tests.Api;

[Trait("kind", "integration")]
public class HostileRequestsTests
{
    private const int Many = 1000;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>
    /// Whatever is sent is answered with what is wrong with it, and harms nobody. A failure names the request by its number: with the same seed
    /// it comes again.
    /// </summary>
    [Theory]
    [InlineData(1, false)]
    [InlineData(2, true)]
    public async Task Whatever_is_sent_the_answer_says_what_is_wrong_and_the_coordinator_goes_on(int seed, bool hasKeys)
    {
        await using var coordinator = await CoordinatorUnderTest.StartedAsync();
        var run = (await coordinator.SubmitAsync("attacked")).Id;
        var paused = (await coordinator.SubmitAsync("paused")).Id;
        using (await coordinator.PostAsync($"/api/v1/runs/{paused}/pause"))
        {
        }

        var experiment = (await coordinator.SubmitExperimentAsync("attacked-too")).Id;
        var key = hasKeys ? (await coordinator.KeyAsync(Role.Admin)).Secret : null;
        coordinator.Http.DefaultRequestHeaders.Authorization = key is null ? null : new AuthenticationHeaderValue("Bearer", key);
        var hostile = new HostileRequests(seed, Route.Of(coordinator), Documents(), [run, paused, experiment, paused.ToUpperInvariant(), "nosuchrun"], key);
        var statuses = new SortedDictionary<int, int>();
        var failures = new List<string>();

        for (var i = 0; i < Many; i++)
        {
            var request = hostile.Next();
            var answer = await AnswerAsync(coordinator, request, $"request {i} of seed {seed}");
            var status = answer?.Status ?? 0;
            statuses[status] = statuses.GetValueOrDefault(status) + 1;
            if (answer is not null && Wrong(answer) is { } why)
            {
                failures.Add($"Request {i} of seed {seed}: {why}\n{answer.Status} {answer.Type} {answer.Body}\n\n{Shown(request)}");
            }
        }

        TestContext.Current.SendDiagnosticMessage(string.Join(", ", statuses.Select(pair => $"{pair.Key}: {pair.Value}")));
        Assert.True(failures.Count == 0, $"{failures.Count} of {Many} requests found something:\n\n{string.Join("\n\n", failures.Take(10))}");

        // Most get past the door, and some even succeed: otherwise this would test the door only.
        Assert.True(statuses.GetValueOrDefault(0) < Many / 100, $"{statuses.GetValueOrDefault(0)} requests were not answered.");
        Assert.InRange(statuses.Where(pair => pair.Key is >= 200 and < 300).Sum(pair => pair.Value), Many / 20, Many);
        Assert.InRange(statuses.GetValueOrDefault(422), Many / 10, Many);

        Assert.Equal(HttpStatusCode.OK, (await coordinator.Http.GetAsync("/health/ready", Ct)).StatusCode);
        Assert.Equal("attacked", (await coordinator.StatusAsync(run)).Name);
        await coordinator.SubmitAsync("afterwards");
    }

    /// <summary>Bodies that would be accepted, with every key that there is. Something new that can be submitted needs an entry here.</summary>
    private static IReadOnlyList<string> Documents() =>
    [
        Spec(CoordinatorUnderTest.Yaml()),
        Spec(
            """
            name: builtin
            mixture: { strategy: temperature, temperature: 2, cap: 100 }
            model: { d_model: 32, layers: 1 }
            tasks:
              sums: { builtin: arithmetic, max_examples: 50 }
              months: { builtin: months }
            training: { steps: 10, batch: 4, optimizer: { kind: adafactor }, schedule: { kind: linear, warmup: 2 } }
            """),
        Spec(
            """
            name: files
            mixture: { strategy: explicit }
            vocabulary: { kind: bytes, extra_ids: 3 }
            tasks:
              rated:
                format: text
                pattern: "^(?<text>.*)\t(?<label>.*)$"
                train: { files: [train.tsv], share: [0.0, 0.9], share_by: [text], hold_out_by: [text] }
                validation: { files: [dev.tsv] }
                inputs: "rate: {text|lower}"
                targets: "{label}"
                map: { label: { "yes": "1.0", "no": "0.0", label: "0.2" } }
                label_range: [0, 1, 0.2]
                metrics: [pearson]
                rate: 1
              pairs:
                train: { parallel: { one: train.tsv, two: train.tsv } }
                inputs: "{one}"
                targets: "{two}"
                metrics: [bleu]
                rate: 0.5
            training: { steps: 10, batch: 4, clip_norm: 1, micro_batches: 2 }
            evaluation: { every: 5, final_max_examples: 10 }
            """),
        Experiment("""{"mixture_study":{"mixtures":[{"strategy":"temperature","temperature":2,"cap":10},{"strategy":"explicit","rates":{"months":1,"days":2}}],"grid":{"temperatures":[1,3],"caps":[5,6]},"seeds":[1,2],"alone":true}}"""),
        Experiment("""{"ensemble":{"members":2,"seeds":[1,2],"parent":{"training":{"steps":5},"tasks":["days"]},"average_weights":true}}"""),
        Experiment("""{"ensemble":{"models":["model","run:nosuchrun"],"average_weights":false}}"""),
        Experiment("""{"scaling":{"compute":4,"pretrain":{"tasks":{"sums":{"builtin":"arithmetic"}}},"larger":[{"d_model":64},{"layers":3}],"curve":[1,2,4]}}"""),
        Experiment("""{"comparison":{"recipes":{"plain":{"stages":[{}]},"staged":{"stages":[{"training":{"steps":5}},{"tasks":["days"],"model":{"dropout":0.3}}],"each_task":true}},"seeds":[1]}}"""),
    ];

    private static string Experiment(string kind)
    {
        const string Base = """{"name":"study","question":"why?","base":{"tasks":{"months":{"builtin":"months"},"days":{"builtin":"days"}},"model":{"size":"tiny","d_model":32},"training":{"steps":20,"batch":8,"input_length":64,"target_length":32}},""";
        var json = Base + kind[1..];
        Assert.Empty(ExperimentReader.Read(json).Errors);
        return json;
    }

    private static string Spec(string yaml)
    {
        var read = SpecReader.Read(yaml);
        Assert.Empty(read.Errors);
        return SpecJson.Write(read.Value!);
    }

    private static async Task<RawHttp.Answer?> AnswerAsync(CoordinatorUnderTest coordinator, byte[] request, string which)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        limit.CancelAfter(Limit);
        try
        {
            return await RawHttp.SendAsync(coordinator.Endpoints.Api, request, limit.Token);
        }
        catch (OperationCanceledException) when (!Ct.IsCancellationRequested)
        {
            throw new TimeoutException($"After {Limit} there is no answer to {which}:\n{Shown(request)}");
        }
    }

    private static string? Wrong(RawHttp.Answer answer)
    {
        // 505 is what the server below says to a first line that was broken in two.
        if (answer.Status is >= 500 and not 505)
        {
            return "it made the coordinator fail.";
        }

        // What the server below cannot even read has no body.
        if (answer.Status < 400 || answer.Body.Length == 0)
        {
            return null;
        }

        if (answer.Type != "application/problem+json")
        {
            return "the refusal is no problem document.";
        }

        var problem = JsonDocument.Parse(answer.Body).RootElement;
        return IsText(problem, "cause") && IsText(problem, "detail") ? null : "the refusal lacks its cause or its detail.";
    }

    private static bool IsText(JsonElement problem, string name) => problem.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.GetString()!.Length > 0;

    private static string Shown(byte[] request) =>
        string.Concat(Encoding.UTF8.GetString(request).Take(4000).Select(c => c is >= ' ' and < '\u007f' or '\n' ? c.ToString() : c == '\r' ? "" : $"\\u{(int)c:x4}"));
}
