using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using Npgsql;

namespace Temper.Coordinator.Store;

/// <summary>Statements with parameters in one line each. With SQLite they are done when they return.</summary>
internal static class DbCommands
{
    public static int Execute(this DbConnection connection, string sql, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        using var command = connection.Command(sql, parameters);
        return command.ExecuteNonQuery();
    }

    public static Task<int> ExecuteAsync(this DbConnection connection, string sql, params ReadOnlySpan<(string Name, object? Value)> parameters) =>
        ExecuteAsync(connection.Command(sql, parameters));

    public static List<T> Query<T>(this DbConnection connection, string sql, Func<DbDataReader, T> row, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        using var command = connection.Command(sql, parameters);
        using var reader = command.ExecuteReader();
        var rows = new List<T>();
        while (reader.Read())
        {
            rows.Add(row(reader));
        }

        return rows;
    }

    public static Task<IReadOnlyList<T>> QueryAsync<T>(this DbConnection connection, string sql, Func<DbDataReader, T> row, params ReadOnlySpan<(string Name, object? Value)> parameters) =>
        QueryAsync(connection.Command(sql, parameters), row);

    /// <summary>The only row; the default value if there is none.</summary>
    public static Task<T?> SingleAsync<T>(this DbConnection connection, string sql, Func<DbDataReader, T> row, params ReadOnlySpan<(string Name, object? Value)> parameters) =>
        SingleAsync(QueryAsync(connection.Command(sql, parameters), row));

    public static string? Text(this DbDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

    /// <summary>The pattern, with '!' to escape, that is LIKE every small text which contains <paramref name="text"/> in whatever case; null for null.</summary>
    public static string? Containing(string? text) =>
        text is null ? null : $"%{text.ToLowerInvariant().Replace("!", "!!", StringComparison.Ordinal).Replace("%", "!%", StringComparison.Ordinal).Replace("_", "!_", StringComparison.Ordinal)}%";

    private static async Task<int> ExecuteAsync(DbCommand command)
    {
        await using (command.ConfigureAwait(false))
        {
            return await command.ExecuteNonQueryAsync().ConfigureAwait(false);
        }
    }

    private static async Task<IReadOnlyList<T>> QueryAsync<T>(DbCommand command, Func<DbDataReader, T> row)
    {
        await using (command.ConfigureAwait(false))
        {
            var reader = await command.ExecuteReaderAsync().ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                var rows = new List<T>();
                while (await reader.ReadAsync().ConfigureAwait(false))
                {
                    rows.Add(row(reader));
                }

                return rows;
            }
        }
    }

    private static async Task<T?> SingleAsync<T>(Task<IReadOnlyList<T>> rows) => (await rows.ConfigureAwait(false)).SingleOrDefault();

    [SuppressMessage("Security", "CA2100", Justification = "Every statement is a constant of this folder; values travel as parameters.")]
    private static DbCommand Command(this DbConnection connection, string sql, ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = name;
            parameter.Value = value switch
            {
                null => DBNull.Value,
                string text when connection is NpgsqlConnection => Storable(text),
                _ => value,
            };
            command.Parameters.Add(parameter);
        }

        return command;
    }

    // PostgreSQL takes neither a null character nor half a surrogate pair, and what a trainer says before it dies may hold either.
    private static string Storable(string text)
    {
        if (text.Contains('\0', StringComparison.Ordinal))
        {
            text = text.Replace('\0', '\uFFFD');
        }

        return text.Any(char.IsSurrogate) ? string.Concat(text.EnumerateRunes()) : text;
    }
}
