using System.Diagnostics;
using System.Globalization;

namespace Temper.TestKit;

/// <summary>
/// A PostgreSQL server of this test process alone, on a loopback port, its files in a temporary folder. A shell that waits for the end of its standard
/// input keeps it: however this process ends, the server ends too and the folder goes.
/// </summary>
public sealed class PostgresServer
{
    private const string User = "temper";

    // Of the kind that has to be escaped in a URL.
    private const string Password = "pass/word:of@tests";

    // As little of what makes a server safe and fast as will do: it lives for a minute.
    private const string Script = """
        set -e
        folder=$(mktemp -d "${TMPDIR:-/tmp}/temper-postgres-XXXXXX")
        trap 'rm -rf "$folder"' EXIT
        printf %s "$3" > "$folder/password"
        "$1/initdb" -D "$folder/data" -U "$4" --pwfile="$folder/password" --auth=scram-sha-256 -E UTF8 --locale=C.UTF-8 --no-sync > "$folder/initdb.log" 2>&1 || { cat "$folder/initdb.log"; exit 1; }
        "$1/postgres" -D "$folder/data" -p "$2" -h 127.0.0.1 -k "$folder" -c fsync=off -c full_page_writes=off -c shared_buffers=16MB > "$folder/log" 2>&1 < /dev/null &
        server=$!
        until "$1/pg_isready" -q -h 127.0.0.1 -p "$2"; do
            kill -0 $server 2> /dev/null || { cat "$folder/log"; exit 1; }
            sleep 0.05
        done
        echo ready
        read -r end || true
        kill -QUIT $server
        wait $server || true
        """;

    private static readonly Lazy<PostgresServer> s_shared = new(() => new PostgresServer(new ReservedPort()));
    private static int s_databases;

    private readonly string _programs;
    private readonly ReservedPort _port;
    private readonly Process _keeper;

    private PostgresServer(ReservedPort port)
    {
        (_programs, _port) = (Programs()!, port);
        _keeper = Process.Start(new ProcessStartInfo("setpriv", [.. Privileges(), "sh", "-c", Script, "sh", _programs, _port.ToString(), Password, User])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            WorkingDirectory = "/",
        })!;
        var said = _keeper.StandardOutput.ReadLine();
        if (said != "ready")
        {
            throw new InvalidOperationException($"PostgreSQL did not start: {said}\n{_keeper.StandardOutput.ReadToEnd()}");
        }
    }

    /// <summary>The server, started when it is first asked for; skips the calling test, by name, where PostgreSQL is not installed.</summary>
    public static PostgresServer Shared
    {
        get
        {
            Assert.SkipWhen(Programs() is null, "needs PostgreSQL, which is not installed under /usr/lib/postgresql");
            return s_shared.Value;
        }
    }

    /// <summary>Makes an empty database and returns its address.</summary>
    public string NewDatabase()
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"test_{Interlocked.Increment(ref s_databases)}");
        Query("postgres", $"CREATE DATABASE {name}");
        return Url(name);
    }

    /// <summary>The address of a database.</summary>
    public string Url(string database, string user = User, string password = Password, int? port = null) =>
        string.Create(CultureInfo.InvariantCulture, $"postgresql://{user}:{Uri.EscapeDataString(password)}@127.0.0.1:{port ?? _port.Number}/{database}");

    /// <summary>What psql prints for a statement in the database of an address, a row a line, its columns apart by |.</summary>
    public string Query(string urlOrName, string sql)
    {
        var name = urlOrName[(urlOrName.LastIndexOf('/') + 1)..];
        var start = new ProcessStartInfo(
            Path.Combine(_programs, "psql"),
            ["-h", "127.0.0.1", "-p", _port.ToString(), "-U", User, "-d", name, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["PGPASSWORD"] = Password;
        using var psql = Process.Start(start)!;
        var error = psql.StandardError.ReadToEndAsync();
        var output = psql.StandardOutput.ReadToEnd();
        psql.WaitForExit();
        return psql.ExitCode == 0 ? output.Trim() : throw new InvalidOperationException($"psql: {error.Result}");
    }

    private static string? Programs() => Directory.Exists("/usr/lib/postgresql")
        ? Directory.GetDirectories("/usr/lib/postgresql").Select(version => Path.Combine(version, "bin")).Where(bin => File.Exists(Path.Combine(bin, "initdb"))).Order(StringComparer.Ordinal).LastOrDefault()
        : null;

    // The server refuses to run as root.
    private static string[] Privileges()
    {
        if (!Environment.IsPrivilegedProcess)
        {
            return [];
        }

        var users = File.ReadLines("/etc/passwd").Select(line => line.Split(':')).ToDictionary(fields => fields[0]);
        var user = users.GetValueOrDefault("postgres") ?? users["nobody"];
        return ["--reuid", user[2], "--regid", user[3], "--clear-groups"];
    }
}
