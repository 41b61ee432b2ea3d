using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Temper.Coordinator.Configuration;

/// <summary>What a coordinator must be told. Everything listens on loopback unless an address here says otherwise.</summary>
public sealed record CoordinatorOptions
{
    /// <summary>Folder of the two SQLite files. One coordinator at a time uses it; a second one is refused. Unused if there is a <see cref="Database"/>.</summary>
    public required string StateDirectory { get; init; }

    /// <summary>The PostgreSQL database that holds the state in the folder's place; any number of coordinators share it. Default: none.</summary>
    public PostgresUrl? Database { get; init; }

    /// <summary>Secret that is a valid API key of role admin from the start on, named <see cref="Store.KeyStore.BootstrapName"/>. Default: none.</summary>
    public string? AdminKey { get; init; }

    /// <summary>Folder that the output folders of runs lie under.</summary>
    public required string OutputRoot { get; init; }

    /// <summary>Whether the output root is itself the output folder of the one run or experiment that this coordinator is for, as under <c>temper run</c>. Default: no.</summary>
    public bool WritesToRoot { get; init; }

    /// <summary>Folders that the sources of specs lie under.</summary>
    public required IReadOnlyList<string> DataRoots { get; init; }

    /// <summary>Secret that agents show, in REST and in grain calls.</summary>
    public required string AgentToken { get; init; }

    /// <summary>
    /// Where REST listens; beyond loopback only if there is an API key. Default: a free port of the loopback interface;
    /// <see cref="Hosting.CoordinatorHost.Endpoints"/> tells which.
    /// </summary>
    public string Url { get; init; } = "http://127.0.0.1:0";

    /// <summary>Whether <see cref="Url"/> lets nobody in but this machine, read as the server reads it: it takes every name but "localhost" for all interfaces.</summary>
    public bool IsLoopback =>
        BindingAddress.Parse(Url).Host is var host
        && (host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address)));

    /// <summary>Address that the silo and its gateway listen on and that agents are told. Default: loopback.</summary>
    public IPAddress ClusterAddress { get; init; } = IPAddress.Loopback;

    /// <summary>Port between silos; 0 takes a free one.</summary>
    public int SiloPort { get; init; }

    /// <summary>Port that agents connect to; 0 takes a free one.</summary>
    public int GatewayPort { get; init; }

    /// <summary>Name of the cluster, which agents must know too.</summary>
    public string ClusterId { get; init; } = "temper";

    /// <summary>The clock of rules and of the reconciler; Orleans keeps its own.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>
    /// Silence after which an agent counts as lost. Default: 10 seconds, ten heartbeats; 30 with a database, where the silence may be that of a coordinator:
    /// until the others know that it is dead, agents may go on talking to it.
    /// </summary>
    public TimeSpan AgentSilence
    {
        get => field == default ? TimeSpan.FromSeconds(Database is null ? 10 : 30) : field;
        init;
    }

    /// <summary>How long agents have to come back after a start of the coordinator before their trainers count as lost. Default: 30 seconds.</summary>
    public TimeSpan AgentGrace { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Least level that is logged, to standard error. Default: warnings.</summary>
    public LogLevel LogLevel { get; init; } = LogLevel.Warning;

    /// <summary>Whether the loops that tick and reconcile run. Tests that own the clock turn them off and call the reconciler themselves.</summary>
    internal bool RunsLoops { get; init; } = true;

    /// <summary>Without the secrets, which a record would print.</summary>
    public override string ToString() => $"coordinator at {Url}, state in {Database?.ToString() ?? StateDirectory}, cluster {ClusterId}";
}
