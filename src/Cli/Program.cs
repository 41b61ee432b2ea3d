using System.CommandLine;
using System.CommandLine.Invocation;
using Temper.Cli.Commands;

var parsed = TemperCommand.Create().Parse(args);
var exitCode = await Failures.Explain(() => parsed.InvokeAsync(new InvocationConfiguration
{
    // Failures are explained in one place; commands that end orderly on Ctrl-C take as long as a checkpoint takes.
    EnableDefaultExceptionHandler = false,
    ProcessTerminationTimeout = null,
}));
return parsed.Action is ParseErrorAction ? ExitCodes.Usage : exitCode;
