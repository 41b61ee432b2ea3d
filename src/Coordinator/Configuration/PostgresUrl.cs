using System.Globalization;
using Npgsql;

namespace Temper.Coordinator.Configuration;

/// <summary>Where a PostgreSQL database is and how it is entered: <c>postgresql://user:password@host:port/name</c>. Its text leaves the password out.</summary>
public sealed class PostgresUrl
{
    /// <summary>Name of the environment variable that holds it: an argument would be visible to everybody on the machine.</summary>
    public const string Variable = "TEMPER_DATABASE";

    /// <summary>How it is written.</summary>
    public const string Form = "postgresql://user:password@host:port/name";
    private const int DefaultPort = 5432;
    private readonly NpgsqlConnectionStringBuilder _connection;

    private PostgresUrl(NpgsqlConnectionStringBuilder connection) => _connection = connection;

    /// <summary>The address in the environment; null if there is none.</summary>
    /// <exception cref="DatabaseException">It is no address.</exception>
    public static PostgresUrl? FromEnvironment() =>
        Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } text ? Parse(text) : null;

    /// <summary>Reads an address.</summary>
    /// <exception cref="DatabaseException">It is no address; the message does not repeat it, since it may hold a password.</exception>
    public static PostgresUrl Parse(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme is not ("postgresql" or "postgres"))
        {
            throw new DatabaseException($"{Variable} is not the address of a database. Write {Form}, special characters in user and password as %XX.");
        }

        var user = url.UserInfo.Split(':', 2);
        var name = Uri.UnescapeDataString(url.AbsolutePath.TrimStart('/'));
        if (url.Host.Length == 0 || user[0].Length == 0 || name.Length == 0 || name.Contains('/', StringComparison.Ordinal) || url.Fragment.Length > 0)
        {
            throw new DatabaseException($"{Variable} lacks {(url.Host.Length == 0 ? "the host" : user[0].Length == 0 ? "the user" : "the name of one database")}. Write {Form}, special characters in user and password as %XX.");
        }

        var connection = new NpgsqlConnectionStringBuilder
        {
            Host = url.Host.Trim('[', ']'),
            Port = url.Port < 0 ? DefaultPort : url.Port,
            Username = Uri.UnescapeDataString(user[0]),
            Password = user.Length > 1 ? Uri.UnescapeDataString(user[1]) : null,
            Database = name,
            ApplicationName = "temper",
            // Short of the 30 seconds of a grain call, so that the call says what was wrong.
            Timeout = 5,
            CommandTimeout = 20,
            // Finds a server that is gone without a word; the connection that listens would wait for ever.
            KeepAlive = 10,
            // A server takes a hundred connections unless told otherwise, and there are several coordinators.
            MaxPoolSize = 20,
        };
        foreach (var option in url.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var (key, value) = option.Split('=', 2) is [var left, var right] ? (left, Uri.UnescapeDataString(right)) : (option, "");
            switch (key)
            {
                case "sslmode" when Enum.TryParse<SslMode>(value.Replace("-", "", StringComparison.Ordinal), ignoreCase: true, out var mode):
                    connection.SslMode = mode;
                    break;
                case "sslmode":
                    throw new DatabaseException($"{Variable} has a wrong sslmode. Write disable, allow, prefer, require, verify-ca or verify-full.");
                case "sslrootcert":
                    connection.RootCertificate = value;
                    break;
                default:
                    throw new DatabaseException($"{Variable} has an option that is not known here. Only sslmode and sslrootcert may follow the name of the database.");
            }
        }

        return new PostgresUrl(connection);
    }

    /// <summary>The address without the password.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"postgresql://{_connection.Username}@{(_connection.Host!.Contains(':', StringComparison.Ordinal) ? $"[{_connection.Host}]" : _connection.Host)}:{_connection.Port}/{_connection.Database}");

    /// <summary>What the driver needs to know, the password too.</summary>
    internal string ConnectionString => _connection.ConnectionString;

    /// <summary>The user that enters.</summary>
    internal string User => _connection.Username!;

    /// <summary>The name of the database.</summary>
    internal string Name => _connection.Database!;
}
