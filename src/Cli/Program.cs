using System.CommandLine;
using System.CommandLine.Invocation;
using Temper.Cli.Commands;

var root = new RootCommand("Temper trains text-to-text transformers on mixtures of tasks, on one machine or many.")
{
    RunCommand.Create(),
    PreviewCommand.Create(),
    ServeCommand.Create(),
    KeyCommand.Create(),
    AgentCommand.Create(),
    SubmitCommand.Create(),
    ListCommand.Create(),
    ShowCommand.Create(),
    WatchCommand.Create(),
    CancelCommand.Create(),
    LogsCommand.Create(),
    ExperimentCommands.Create(),
    DecodeCommand.Create(),
    ScoreCommand.Create(),
    EvaluateCommand.Create(),
    ExportCommand.Create(),
    TokenizeCommand.Create(),
    TrainerCommand.Create(),
};

var parsed = root.Parse(args);
var exitCode = await Failures.Explain(() => parsed.InvokeAsync(new InvocationConfiguration
{
    // Failures are explained in one place; commands that end orderly on Ctrl-C take as long as a checkpoint takes.
    EnableDefaultExceptionHandler = false,
    ProcessTerminationTimeout = null,
}));
return parsed.Action is ParseErrorAction ? ExitCodes.Usage : exitCode;
