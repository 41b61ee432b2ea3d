using System.Net.Sockets;
using Npgsql;
using Temper.Coordinator.Configuration;

namespace Temper.Coordinator.Store;

/// <summary>Why a PostgreSQL database could not be opened, as one line with the remedy.</summary>
internal static class PostgresFailure
{
    public static DatabaseException Explain(Exception e, PostgresUrl url) => new(Reason(e, url), e);

    private static string Reason(Exception e, PostgresUrl url) => e switch
    {
        PostgresException { SqlState: PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification } =>
            $"The database {url} does not let '{url.User}' in: user or password are wrong, or its pg_hba.conf does not admit this machine. Correct {PostgresUrl.Variable}.",
        PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName } =>
            $"There is no database '{url.Name}' at {url}. Make it with CREATE DATABASE, or correct {PostgresUrl.Variable}.",
        PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } refusal =>
            $"The user '{url.User}' may not make tables in {url} ({refusal.MessageText}). Make it the owner of the database, or grant it CREATE on the schema public.",
        PostgresException { SqlState: PostgresErrorCodes.TooManyConnections } =>
            $"The database {url} has no connection left. Raise its max_connections: a coordinator takes up to 20.",
        PostgresException { SqlState: PostgresErrorCodes.CannotConnectNow } refusal =>
            $"The database {url} is starting or stopping ({refusal.MessageText}). Start this again when it is up.",
        PostgresException refusal => $"The database {url} refused ({refusal.SqlState}: {refusal.MessageText}). Its log says more.",
        _ when e.GetBaseException() is SocketException or TimeoutException =>
            $"The database {url} does not answer ({e.GetBaseException().Message.TrimEnd('.')}). See that the server runs and can be reached from here, or correct {PostgresUrl.Variable}.",
        _ => $"The database {url} cannot be used ({e.GetBaseException().Message.TrimEnd('.')}). Correct {PostgresUrl.Variable}, or see the server's log.",
    };
}
