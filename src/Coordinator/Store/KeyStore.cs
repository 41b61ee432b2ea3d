using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Data.Sqlite;

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
/// The API keys of a state folder, as hashes. <c>temper key</c> writes them and coordinators read them, each with the file open for itself: a
/// coordinator sees a new or revoked key at the next request.
/// </summary>
/// <param name="directory">The state folder; it exists.</param>
public sealed class KeyStore(string directory) : IDisposable
{
    // What a key begins with, so that it can be told from other secrets and found where it does not belong.
    private const string Prefix = "tmp_";

    private const string Schema = """
        CREATE TABLE IF NOT EXISTS api_keys (
            id TEXT PRIMARY KEY,
            name TEXT NOT NULL,
            role TEXT NOT NULL,
            hash TEXT NOT NULL UNIQUE,
            created_at TEXT NOT NULL,
            revoked_at TEXT);
        """;

    private readonly SqliteFile _file = new(FileOf(directory), connection => connection.Execute(Schema), durable: true);

    /// <summary>Whether a coordinator, or <c>temper key</c>, has kept anything in this folder.</summary>
    public static bool IsStateFolder(string directory) => File.Exists(FileOf(directory));

    /// <summary>The name of a role as it is written.</summary>
    public static string NameOf(Role role) => JsonNamingPolicy.SnakeCaseLower.ConvertName(role.ToString());

    /// <summary>Makes a key. It is not kept: whoever loses it needs another one.</summary>
    public async Task<(ApiKey Key, string Secret)> CreateAsync(string name, Role role, DateTimeOffset now)
    {
        var secret = Prefix + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        var key = new ApiKey(RandomNumberGenerator.GetString("0123456789abcdefghjkmnpqrstvwxyz", 8), name, role, now, null);
        await _file.WriteAsync(connection => connection.Execute(
            "INSERT INTO api_keys (id, name, role, hash, created_at) VALUES (@id, @name, @role, @hash, @created)",
            ("@id", key.Id), ("@name", name), ("@role", NameOf(role)), ("@hash", Hash(secret)), ("@created", Time(now)))).ConfigureAwait(false);
        return (key, secret);
    }

    /// <summary>All keys, in the order in which they were made.</summary>
    public Task<IReadOnlyList<ApiKey>> ListAsync() => _file.ReadAsync<IReadOnlyList<ApiKey>>(connection =>
        connection.Query("SELECT id, name, role, created_at, revoked_at FROM api_keys ORDER BY rowid", Read));

    /// <summary>Revokes a key for good; one that was revoked stays as it is. Null if there is none with this id.</summary>
    public Task<ApiKey?> RevokeAsync(string id, DateTimeOffset now) => _file.WriteAsync(connection =>
    {
        connection.Execute("UPDATE api_keys SET revoked_at = @now WHERE id = @id AND revoked_at IS NULL", ("@id", id), ("@now", Time(now)));
        return connection.Query("SELECT id, name, role, created_at, revoked_at FROM api_keys WHERE id = @id", Read, ("@id", id)).SingleOrDefault();
    });

    /// <summary>
    /// The key that was shown, null if it is none or revoked; and whether there is any key. Revoked ones count there: to take the last key away must
    /// close the door, not open it.
    /// </summary>
    internal Task<(ApiKey? Shown, bool AnyKey)> FindAsync(string? secret) => _file.ReadAsync(connection => (
        secret is null
            ? null
            : connection.Query("SELECT id, name, role, created_at, revoked_at FROM api_keys WHERE hash = @hash AND revoked_at IS NULL", Read, ("@hash", Hash(secret))).SingleOrDefault(),
        connection.Query("SELECT EXISTS (SELECT 1 FROM api_keys)", reader => reader.GetBoolean(0)).Single()));

    /// <summary>Whether anybody could show a key to a coordinator with this state folder.</summary>
    internal static bool HoldsKey(string directory)
    {
        if (!IsStateFolder(directory))
        {
            return false;
        }

        using var keys = new KeyStore(directory);
        return keys.ListAsync().GetAwaiter().GetResult().Any(key => key.RevokedAt is null);
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static string FileOf(string directory) => Path.Combine(directory, "state.db");

    // A key is 32 random bytes: its hash cannot be searched for, so it needs neither salt nor many rounds.
    private static string Hash(string secret) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));

    private static ApiKey Read(SqliteDataReader reader) => new(
        reader.GetString(0),
        reader.GetString(1),
        Enum.Parse<Role>(reader.GetString(2), ignoreCase: true),
        DateTimeOffset.Parse(reader.GetString(3), CultureInfo.InvariantCulture),
        reader.Text(4) is { } revoked ? DateTimeOffset.Parse(revoked, CultureInfo.InvariantCulture) : null);

    private static string Time(DateTimeOffset time) => time.ToUniversalTime().ToString("O", CultureInfo.InvariantCulture);
}
