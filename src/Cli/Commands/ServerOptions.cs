using System.CommandLine;
using System.CommandLine.Parsing;
using Temper.Cli.Rest;

namespace Temper.Cli.Commands;

/// <summary>Options of the commands that talk to a coordinator.</summary>
internal sealed class ServerOptions
{
    private readonly Option<Uri> _server = Server();

    // Not a default value: the help would print it.
    private readonly Option<string?> _key = new("--api-key") { Description = "API key; TEMPER_API_KEY if not given, which other users of the machine cannot see." };

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(_server);
        command.Options.Add(_key);
    }

    /// <summary>The client for what was given.</summary>
    public TemperClient Client(ParseResult result) => new(result.GetRequiredValue(_server), result.GetValue(_key) ?? Environment.GetEnvironmentVariable("TEMPER_API_KEY"));

    /// <summary>The address of a coordinator.</summary>
    public static Option<Uri> Server() => new("--server")
    {
        Description = "Address of the coordinator; TEMPER_SERVER if not given, and http://127.0.0.1:5080 if that is not set either.",
        DefaultValueFactory = _ => Default(),
        CustomParser = result => Read(result.Tokens.Single().Value, result),
    };

    /// <summary>The addresses of coordinators of one cluster.</summary>
    public static Option<Uri[]> Servers() => new("--server")
    {
        Description = "Address of the coordinator; TEMPER_SERVER if not given, and http://127.0.0.1:5080 if that is not set either. Several times for several coordinators of one cluster: any one that answers is asked.",
        DefaultValueFactory = _ => [Default()],
        CustomParser = result => [.. result.Tokens.Select(token => Read(token.Value, result)).OfType<Uri>()],
    };

    private static Uri Default() => new(Environment.GetEnvironmentVariable("TEMPER_SERVER") ?? "http://127.0.0.1:5080");

    private static Uri? Read(string text, ArgumentResult result)
    {
        if (Uri.TryCreate(text, UriKind.Absolute, out var address) && (address.Scheme is "http" or "https"))
        {
            return address;
        }

        result.AddError($"'{text}' is no address of a coordinator. Write one such as http://127.0.0.1:5080.");
        return null;
    }
}
