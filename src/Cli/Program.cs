using System.CommandLine;
using Temper.Cli.Commands;

var root = new RootCommand("Temper trains text-to-text transformers on mixtures of tasks, on one machine or many.")
{
    DecodeCommand.Create(),
    TokenizeCommand.Create(),
    TrainerCommand.Create(),
};

return await Failures.Explain(() => root.Parse(args).InvokeAsync(new InvocationConfiguration
{
    EnableDefaultExceptionHandler = false,
    ProcessTerminationTimeout = null,
}));
