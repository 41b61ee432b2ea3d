using System.CommandLine;

namespace Temper.Cli.Commands;

/// <summary><c>temper</c> with all its verbs.</summary>
internal static class TemperCommand
{
    public static RootCommand Create() => new("Temper trains text-to-text transformers on mixtures of tasks, on one machine or many.")
    {
        RunCommand.Create(),
        PreviewCommand.Create(),
        SchemaCommand.Create(),
        ServeCommand.Create(),
        KeyCommand.Create(),
        AgentCommand.Create(),
        SubmitCommand.Create(),
        ListCommand.Create(),
        ShowCommand.Create(),
        WatchCommand.Create(),
        CancelCommand.Create(),
        RetryCommand.Create(),
        LogsCommand.Create(),
        AgentsCommand.Create(),
        ExperimentCommands.Create(),
        DecodeCommand.Create(),
        ScoreCommand.Create(),
        EvaluateCommand.Create(),
        ExportCommand.Create(),
        TokenizeCommand.Create(),
        TrainerCommand.Create(),
    };
}
