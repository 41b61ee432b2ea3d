namespace Temper.Cli.Commands;

/// <summary>What the exit code of a command says.</summary>
internal static class ExitCodes
{
    /// <summary>Done.</summary>
    public const int Success = 0;

    /// <summary>It did not work: a run failed, a file could not be read, a coordinator did not answer.</summary>
    public const int Failure = 1;

    /// <summary>What was asked for is wrong: a spec or an option.</summary>
    public const int Usage = 2;

    /// <summary>Ended by Ctrl-C, in a state that can be resumed.</summary>
    public const int Interrupted = 130;
}
