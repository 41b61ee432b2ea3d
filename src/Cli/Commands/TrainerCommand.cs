using System.CommandLine;
using Temper.Worker.Training;

namespace Temper.Cli.Commands;

/// <summary><c>temper trainer</c>: a trainer process; agents start it, people do not.</summary>
internal static class TrainerCommand
{
    public static Command Create()
    {
        var advertise = new Option<string>("--advertise") { Description = "Address under which other ranks reach this one.", DefaultValueFactory = _ => "127.0.0.1" };
        var command = new Command("trainer", "Train one rank of a run, as an agent orders.") { advertise };
        command.Hidden = true;
        command.SetAction(result => TrainerProgram.Run(result.GetValue(advertise)!));
        return command;
    }
}
