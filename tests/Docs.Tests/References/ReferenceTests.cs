using System.Globalization;
using System.Text.Json.Nodes;
using Temper.Cli.Commands;
using Temper.Contracts.Models;
using Temper.Contracts.Runs;
using Temper.Mixture.Builtin;
using Temper.Mixture.Metrics;
using Temper.Mixture.Tasks;
using Temper.Planning.Schemas;
using Temper.TestKit;

namespace Temper.Docs.Tests.References;

/// <summary>The pages of docs/reference are made from the program. With TEMPER_UPDATE=1 these tests write them.</summary>
public class ReferenceTests
{
    private const string Made = "<!-- Made by tests/Docs.Tests from the program: change the descriptions there and run it with TEMPER_UPDATE=1. -->";

    private static readonly string[] TwoLabels = ["no", "yes"];

    private static JsonObject Run => JsonNode.Parse(SpecSchema.OfRun())!.AsObject();

    private static JsonObject Task => Run["$defs"]!["task"]!["properties"]!.AsObject();

    [Fact]
    public void The_reference_of_the_runs_spec_is_that_of_the_program() => CheckedIn.Is("docs/reference/spec.md", $"""
        # The spec of a run

        {Made}

        A run is described by one YAML or JSON document. [examples/quickstart.yaml](../../examples/quickstart.yaml) is a commented one. A key that is left
        out has its default; a key that is not listed here is a mistake, and all mistakes of a spec are told at once. Numbers may be written as 1e-3.
        Editors that know JSON Schema complete and check specs by [run.schema.json](../schema/run.schema.json): in YAML, begin the file with

            # yaml-language-server: $schema=PATH/run.schema.json

        `temper schema run` prints the schema. `temper preview SPEC` checks everything, files included, without training.

        {new SpecReference(Run, new Dictionary<string, string>()).Page("The document")}
        ## Built-in tasks

        Made by code from the names of months, days and countries that the runtime carries (CLDR): the same rows on every host with the same names.

        | name | rows to train on | metrics | what it asks |
        |---|---|---|---|
        {Lines(BuiltinTasks.Names.Select(name => (Name: name, Made: BuiltinTasks.Create(name))).Select(task => $"| `{task.Name}` | {task.Made.Train.Count.ToString("#,0", CultureInfo.InvariantCulture)} | {string.Join(", ", task.Made.Metrics.Select(metric => $"`{metric}`"))} | {BuiltinTasks.Describe(task.Name)} |"))}

        ## Metrics

        The first metric of a task is its main one, and of a metric that reports several values the first is: averages, comparisons and the word best go by it.
        Reports keep the order. Two metrics that report the same value cannot judge the same task.

        | name | T5's name | what it reports | what it is |
        |---|---|---|---|
        {Lines(MetricCatalog.Names.Select(Metric))}

        ## Model sizes

        Weights with the published vocabulary: 32,128 rows, and 384 for ByT5. `tiny` and `mini` are made for processors and take `family`; the others are published.

        | size | weights | d_model | d_ff | d_kv | heads | layers |
        |---|---|---|---|---|---|---|
        {Lines(T5Sizes.Names.Select(Size))}
        """);

    [Fact]
    public void The_reference_of_experiments_is_that_of_the_program()
    {
        var links = SpecReference.Definitions(Run).ToDictionary(name => name, name => $"[{name}](spec.md#{name})");
        links["base"] = "[run](spec.md) without `name`";
        links["run_change"] = "[changes](#changes-of-base)";
        links["model_change"] = "[changes](#changes-of-base) of `base.model`";

        CheckedIn.Is("docs/reference/experiment.md", $$"""
            # The spec of an experiment

            {{Made}}

            An experiment asks one question and holds exactly one of `mixture_study`, `ensemble`, `scaling` and `comparison`. Everything else is in `base`, a run
            without its name. [examples](../../examples) has one of each; editors use [experiment.schema.json](../schema/experiment.schema.json), which `temper schema experiment` prints.

            ## Changes of base

            Stages, parents and larger models are written as what they change of `base`: keys that are not named stay as they are there, objects are changed key by
            key, `null` takes a key away (RFC 7396). Only `tasks` takes the place of all tasks of `base`; it may also be a list of names of those to keep. `{}` is `base` as it is.

            {{new SpecReference(JsonNode.Parse(SpecSchema.OfExperiment())!.AsObject(), links).Page("The document")}}
            """);
    }

    [Fact]
    public void The_reference_of_the_commands_is_that_of_the_program() => CheckedIn.Is("docs/reference/cli.md", $"""
        # Commands

        {Made}

        `temper` is `dotnet run --project src/Cli --` in a clone, or the tool that `dotnet pack src/Cli` makes. Each command has `--help`. Exit codes: 0 done, 1 it
        did not work, 2 what was asked for is wrong, 130 ended by Ctrl-C in a state that can be resumed. [Environment variables](../operations.md#environment) are listed apart.
        {CliReference.Page(TemperCommand.Create())}
        """);

    [Fact]
    public void The_table_of_failures_is_that_of_the_program() => CheckedIn.Is("docs/reference/failures.md", $"""
        # What happens when something fails

        {Made}

        A run whose trainers are lost goes on from its last checkpoint, with the same losses to the last bit, and `temper show RUN` says what failed and what is waited for.
        What is tried how often follows from the cause. Failures of a cause are counted *in a row*: a step that no attempt has made before ends the row.

        - **attempts** *none*: the run is tried again without end. *own*: `recovery.attempts` failures of this cause in a row without progress end the run. *ends*: the run ends at once.
        - **waits** is what the next attempt waits: the first failures in a row are tried again at once if it says so, each further one waits longer, up to a limit.
        - **resumable** says whether a run that was ended so can go on from its checkpoint with `temper retry`, once the cause is gone and its output folder was given to nobody else since.
        - **agent** *yes*: the machine may be the cause, so the failure counts against the agent of the rank that it names, unless the attempt had made a step.

        | cause | whose fault | attempts | waits | resumable | agent | what it is |
        |---|---|---|---|---|---|---|
        {Lines(FailurePolicy.Table.Select(Policy))}

        ## Agents on which runs keep failing

        A run that has failed on an agent goes to another one next, if there is room. When three runs have failed on an agent and none has made progress there in between, the agent gets no new work
        for a minute; then one run is tried on it, and each trial that fails doubles the time, up to half an hour. A step of any trainer on it, or a run that finishes there, makes all good;
        so does starting the agent anew. Trainers that it has go on. `temper agents`, the queue page, `GET /api/v1/agents` (`backing_off`) and the metric `temper_agents` show such agents, and runs that wait for one say so.

        A run that fails everywhere takes no agent out: however often it fails it counts once, and not at all when it has failed by the same cause on two agents, unless it trains on a third one.
        The runs of an experiment count as one until one of them has trained somewhere.
        """);

    [Fact]
    public void What_descriptions_list_is_what_there_is()
    {
        Assert.All(MetricCatalog.Names, name => Assert.Contains(name, (string)Task["metrics"]!["description"]!));
        Assert.All(TemplateFilters.ByName.Keys, name => Assert.Contains(name, (string)Task["inputs"]!["description"]!));
        Assert.All(T5Sizes.Names, name => Assert.Contains(name.Split('-')[^1], (string)Run["$defs"]!["model"]!["properties"]!["size"]!["description"]!));
    }

    private static string Lines(IEnumerable<string> lines) => string.Join('\n', lines);

    private static string Policy(FailurePolicy policy) =>
        $"| `{policy.Cause}` | {policy.Fault.ToString().ToLowerInvariant()} | {policy.Budget.ToString().ToLowerInvariant()} | {Waits(policy)} | {(policy.IsResumable ? "yes" : "no")} | {(policy.CountsAgainstAgent ? "yes" : "no")} | {policy.Summary} |";

    private static string Waits(FailurePolicy policy) => (policy.Budget, policy.BackOff) switch
    {
        (AttemptBudget.Ends, _) => "–",
        (_, var never) when never == BackOff.Never => "at once",
        (_, var wait) => $"{(wait.AtOnce == 0 ? "" : "at once, then ")}{Seconds(wait.FirstSeconds)}, × {wait.Factor.ToString(CultureInfo.InvariantCulture)} up to {Seconds(wait.MaxSeconds)}",
    };

    private static string Seconds(double seconds) => seconds >= 60 ? $"{(seconds / 60).ToString(CultureInfo.InvariantCulture)} min" : $"{seconds.ToString(CultureInfo.InvariantCulture)} s";

    private static string Metric(string name) =>
        MetricCatalog.TryGet(name, out var metric) ? $"| `{name}` | `{metric.Alias}` | {string.Join(", ", metric.Keys(TwoLabels).Select(key => $"`{key}`"))} | {metric.Summary} |" : throw new InvalidOperationException(name);

    private static string Size(string name)
    {
        var config = T5Sizes.Get(name);
        return string.Create(CultureInfo.InvariantCulture, $"| `{name}` | {T5Costs.Parameters(config):#,0} | {config.ModelSize} | {config.HiddenSize} | {config.HeadSize} | {config.Heads} | {config.EncoderLayers} + {config.DecoderLayers} |");
    }
}
