using System.CommandLine;
using Spectre.Console;
using Temper.Cli.Views;
using Temper.Coordinator.Configuration;
using Temper.Coordinator.Reports;
using Temper.Coordinator.Store;

namespace Temper.Cli.Commands;

/// <summary><c>temper key</c>: who may call a coordinator. Works on its state folder or its database, whether or not it runs.</summary>
internal static class KeyCommand
{
    private static readonly string Roles = string.Join(", ", Enum.GetValues<Role>().Select(KeyStore.NameOf));

    public static Command Create() => new("key", $"Make, list and revoke the API keys of a coordinator, on its machine or in the database that {PostgresUrl.Variable} names. It may run meanwhile.") { Make(), List(), Revoke() };

    private static Command Make()
    {
        var state = ServeCommand.State();
        var name = new Option<string>("--name") { Description = "Who or what will hold the key.", Required = true };
        var role = new Option<string>("--role") { Description = "viewer (looks), submitter (also submits and commands runs) or admin (everything).", Required = true };
        var command = new Command("create", "Make a key and print it, this one time.") { name, role, state };
        command.SetAction(async (result, ct) =>
        {
            var holder = result.GetRequiredValue(name).Trim();
            if (holder.Length == 0)
            {
                return await Refuse("The name of the key is empty. Say with --name who or what will hold it.");
            }

            var wanted = result.GetRequiredValue(role);
            if (Enum.GetValues<Role>().Where(one => KeyStore.NameOf(one) == wanted).ToList() is not [var found])
            {
                return await Refuse($"There is no role '{wanted}'. Write one of {Roles}.");
            }

            var database = PostgresUrl.FromEnvironment();
            var folder = result.GetRequiredValue(state).FullName;
            if (database is null)
            {
                StateFolder.Make(folder);
            }

            using var keys = database is null ? new KeyStore(folder) : new KeyStore(database);
            var (key, secret) = await keys.CreateAsync(holder, found, DateTimeOffset.UtcNow);
            await Console.Error.WriteLineAsync(SafeText.OneLine($"Made key {key.Id} for '{key.Name}' ({wanted}) in {database?.ToString() ?? folder}. It is not kept and not shown again; callers give it as TEMPER_API_KEY."));
            Console.WriteLine(secret);
            return ExitCodes.Success;
        });
        return command;
    }

    private static Command List()
    {
        var state = ServeCommand.State();
        var command = new Command("list", "List the keys, also those that are revoked.") { state };
        command.SetAction((result, ct) => On(result.GetRequiredValue(state), async keys =>
        {
            AnsiConsole.Write(KeyListView.Render(await keys.ListAsync(), DateTimeOffset.UtcNow));
            return ExitCodes.Success;
        }));
        return command;
    }

    private static Command Revoke()
    {
        var state = ServeCommand.State();
        var id = new Argument<string>("id") { Description = "Id of the key, as `temper key list` shows it." };
        var command = new Command("revoke", "Revoke a key for good, from the next request on.") { id, state };
        command.SetAction((result, ct) => On(result.GetRequiredValue(state), async keys =>
        {
            var wanted = result.GetRequiredValue(id);
            if (await keys.RevokeAsync(wanted, DateTimeOffset.UtcNow) is not { } key)
            {
                return await Refuse($"There is no key '{wanted}'. `temper key list` shows those there are.");
            }

            var left = (await keys.ListAsync()).Any(other => other.RevokedAt is null);
            Console.WriteLine(SafeText.OneLine($"{key.Id} '{key.Name}' is revoked.{(left ? "" : " It was the last one: nobody can call until `temper key create` makes another.")}"));
            return ExitCodes.Success;
        }));
        return command;
    }

    private static async Task<int> On(DirectoryInfo state, Func<KeyStore, Task<int>> action)
    {
        if (PostgresUrl.FromEnvironment() is { } database)
        {
            using var shared = new KeyStore(database);
            return await action(shared);
        }

        if (!KeyStore.IsStateFolder(state.FullName))
        {
            return await Refuse($"{state.FullName} is no state folder of a coordinator, or not one that you may read. Give --state the folder that `temper serve` was given.");
        }

        using var keys = new KeyStore(state.FullName);
        return await action(keys);
    }

    private static async Task<int> Refuse(string why)
    {
        await Console.Error.WriteLineAsync($"temper: {SafeText.OneLine(why)}");
        return ExitCodes.Usage;
    }
}
