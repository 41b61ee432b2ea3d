namespace Temper.Coordinator.Configuration;

/// <summary>A database that cannot be used: the message is one line, says what is wrong and what to do, and holds no password.</summary>
public sealed class DatabaseException : IOException
{
    /// <summary>With what is wrong and the remedy.</summary>
    public DatabaseException(string message)
        : base(message)
    {
    }

    /// <summary>With what is wrong, the remedy and what the driver said.</summary>
    public DatabaseException(string message, Exception inner)
        : base(message, inner)
    {
    }

    /// <summary>For one whose tables a newer program has made.</summary>
    internal static DatabaseException Newer(string database, int found, int known) => new(
        $"{database} has tables of version {found}, and this program knows them up to {known}: a newer temper has been at it. Start that one.");
}
