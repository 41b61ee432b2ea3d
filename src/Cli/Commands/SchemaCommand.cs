using System.CommandLine;
using Temper.Planning.Schemas;

namespace Temper.Cli.Commands;

/// <summary><c>temper schema</c>: what can be written in a spec, for editors.</summary>
internal static class SchemaCommand
{
    private const string Run = "run";
    private const string Experiment = "experiment";

    public static Command Create()
    {
        var what = new Argument<string>("what") { Description = "run or experiment." }.AcceptOnlyFromAmong(Run, Experiment);
        var command = new Command("schema", "Print the JSON Schema of the spec of a run or of an experiment, by which editors complete and check it.") { what };
        command.SetAction(result =>
        {
            Console.WriteLine(result.GetValue(what) == Run ? SpecSchema.OfRun() : SpecSchema.OfExperiment());
            return ExitCodes.Success;
        });
        return command;
    }
}
