using System.Data.Common;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Temper.Coordinator.Configuration;

namespace Temper.Coordinator.Store;

/// <summary>What the holder of an API key may do: everything that the roles before it may, and more.</summary>
public enum Role
{
    /// <summary>Looks at everything and checks specs; changes nothing.</summary>
    Viewer,

    /// <summary>Submits runs and commands them.</summary>
    Submitter,

    /// <summary>Does everything.</summary>
    Admin,
}

/// <summary>What is known of an API key: everything but the key.</summary>
/// <param name="Id">Names it where it is revoked.</param>
/// <param name="Name">Who or what holds it.</param>
/// <param name="Role">What its holder may do.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="RevokedAt">When it was revoked; null while it opens anything.</param>
public sealed record ApiKey(string Id, string Name, Role Role, DateTimeOffset CreatedAt, DateTimeOffset? RevokedAt);

/// <summary>
/// The API keys of a coordinator's database, as hashes. <c>temper key</c> writes them and coordinators read them at each request: a coordinator sees a new or
/// revoked key at once.
/// </summary>
public sealed class KeyStore : IDisposable
{
    /// <summary>Name of the environment variable that holds the secret of the key <see cref="BootstrapName"/>.</summary>
    public const string BootstrapVariable = "TEMPER_ADMIN_KEY";

    /// <summary>Name of the key that a coordinator is started with.</summary>
    public const string BootstrapName = "bootstrap";

    // What a key begins with, so that it can be told from other secrets and found where it does not belong.
    private const string Prefix = "tmp_";

    // What somebody chose must be as hard to guess as what is drawn here: its hash has no salt.
    private const int ShortestBootstrap = 20;

    private readonly IDatabase _database;
    private readonly bool _owns;

    /// <summary>The keys of a state folder, with the file open for itself.</summary>
    /// <param name="directory">The state folder; it exists.</param>
    public KeyStore(string directory)
        : this(SqliteSchema.OpenState(directory), owns: true)
    {
    }

    /// <summary>The keys of a PostgreSQL database.</summary>
    /// <exception cref="DatabaseException">It cannot be used.</exception>
    public KeyStore(PostgresUrl url)
        : this(PostgresDatabase.Open(url), owns: true)
    {
    }

    internal KeyStore(IDatabase database, bool owns)
    {
        _database = database;
        _owns = owns;
    }

    /// <summary>Whether a coordinator, or <c>temper key</c>, has kept anything in this folder.</summary>
    public static bool IsStateFolder(string directory) => File.Exists(SqliteSchema.StateFile(directory));

    /// <summary>The name of a role as it is written.</summary>
    public static string NameOf(Role role) => JsonNamingPolicy.SnakeCaseLower.ConvertName(role.ToString());

    /// <summary>Makes a key. It is not kept: whoever loses it needs another one.</summary>
    public async Task<(ApiKey Key, string Secret)> CreateAsync(string name, Role role, DateTimeOffset now)
    {
        var secret = Prefix + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        var key = new ApiKey(NewId(), name, role, now, null);
        await _database.WriteAsync(null, connection => connection.ExecuteAsync(
            "INSERT INTO api_keys (id, name, role, hash, created_at) VALUES (@id, @name, @role, @hash, @created)",
            ("@id", key.Id), ("@name", name), ("@role", NameOf(role)), ("@hash", Hash(secret)), ("@created", Time(now)))).ConfigureAwait(false);
        return (key, secret);
    }

    /// <summary>All keys, in the order in which they were made.</summary>
    public Task<IReadOnlyList<ApiKey>> ListAsync() => _database.ReadAsync(connection =>
        connection.QueryAsync($"SELECT id, name, role, created_at, revoked_at FROM api_keys ORDER BY {_database.RowOrder}", Read));

    /// <summary>Revokes a key for good; one that was revoked stays as it is. Null if there is none with this id.</summary>
    public Task<ApiKey?> RevokeAsync(string id, DateTimeOffset now) => _database.WriteAsync(null, async connection =>
    {
        await connection.ExecuteAsync("UPDATE api_keys SET revoked_at = @now WHERE id = @id AND revoked_at IS NULL", ("@id", id), ("@now", Time(now))).ConfigureAwait(false);
        return await connection.SingleAsync("SELECT id, name, role, created_at, revoked_at FROM api_keys WHERE id = @id", Read, ("@id", id)).ConfigureAwait(false);
    });

    /// <summary>
    /// The key that was shown, null if it is none or revoked; and whether there is any key. Revoked ones count there: to take the last key away must
    /// close the door, not open it.
    /// </summary>
    internal Task<(ApiKey? Shown, bool AnyKey)> FindAsync(string? secret) => _database.ReadAsync(async connection => (
        secret is null
            ? null
            : await connection.SingleAsync("SELECT id, name, role, created_at, revoked_at FROM api_keys WHERE hash = @hash AND revoked_at IS NULL", Read, ("@hash", Hash(secret))).ConfigureAwait(false),
        (await connection.QueryAsync("SELECT EXISTS (SELECT 1 FROM api_keys)", reader => reader.GetBoolean(0)).ConfigureAwait(false)).Single()));

    /// <summary>
    /// Makes <paramref name="secret"/> the one valid key of the name <see cref="BootstrapName"/>, for an admin. What had the name before is revoked: who changes the
    /// secret wants the old one to end.
    /// </summary>
    internal Task BootstrapAsync(string secret, DateTimeOffset now) => _database.WriteAsync("bootstrap", async connection =>
    {
        await connection.ExecuteAsync(
            "UPDATE api_keys SET revoked_at = @now WHERE name = @name AND hash <> @hash AND revoked_at IS NULL",
            ("@name", BootstrapName), ("@hash", Hash(secret)), ("@now", Time(now))).ConfigureAwait(false);
        return await connection.ExecuteAsync(
            """
            INSERT INTO api_keys (id, name, role, hash, created_at) VALUES (@id, @name, @role, @hash, @now)
            ON CONFLICT (hash) DO UPDATE SET name = excluded.name, role = excluded.role, revoked_at = NULL
            """,
            ("@id", NewId()), ("@name", BootstrapName), ("@role", NameOf(Role.Admin)), ("@hash", Hash(secret)), ("@now", Time(now))).ConfigureAwait(false);
    });

    /// <summary>What is wrong with a secret for <see cref="BootstrapAsync"/>; null if nothing. The secret is not repeated.</summary>
    internal static string? BootstrapMistake(string secret) =>
        secret.Length < ShortestBootstrap || secret.Any(c => c is <= ' ' or > '~')
            ? $"{BootstrapVariable} is no secret that keeps: it needs at least {ShortestBootstrap} characters of ASCII without spaces. `openssl rand -hex 32` makes one."
            : null;

    /// <summary>Whether anybody could show a key to a coordinator with this state folder.</summary>
    internal static bool HoldsKey(string directory)
    {
        if (!IsStateFolder(directory))
        {
            return false;
        }

        using var keys = new KeyStore(directory);
        return keys.HoldsKey();
    }

    /// <summary>Whether anybody could show a key to a coordinator on this database.</summary>
    internal static bool HoldsKey(PostgresUrl url)
    {
        using var keys = new KeyStore(url);
        return keys.HoldsKey();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_owns)
        {
            _database.Dispose();
        }
    }

    private bool HoldsKey() => ListAsync().GetAwaiter().GetResult().Any(key => key.RevokedAt is null);

    private static string NewId() => RandomNumberGenerator.GetString("0123456789abcdefghjkmnpqrstvwxyz", 8);

    // A key is 32 random bytes: its hash cannot be searched for, so it needs neither salt nor many rounds.
    private static string Hash(string secret) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));

    private static ApiKey Read(DbDataReader reader) => new(
        reader.GetString(0),
        reader.GetString(1),
        Enum.Parse<Role>(reader.GetString(2), ignoreCase: true),
        DateTimeOffset.Parse(reader.GetString(3), CultureInfo.InvariantCulture),
        reader.Text(4) is { } revoked ? DateTimeOffset.Parse(revoked, CultureInfo.InvariantCulture) : null);

    private static string Time(DateTimeOffset time) => time.ToUniversalTime().ToString("O", CultureInfo.InvariantCulture);
}
