using System.Diagnostics;
using System.Runtime.Versioning;
using Temper.Cli.Embedded;

namespace Temper.EndToEnd.Tests.Processes;

/// <summary>The agent of <c>temper run</c>, whatever becomes of it or of its log; a script stands for the program.</summary>
[Collection("processes")]
[UnsupportedOSPlatform("windows")]
public sealed class AgentProcessTests : IDisposable
{
    private readonly RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_log_that_cannot_be_written_ends_no_restarts_and_the_last_lines_are_known()
    {
        File.WriteAllText(_folder["file"], "");
        var program = Script("echo started >> starts; echo 'no room left' >&2; exit 3");

        await using (var agent = new AgentProcess(Command(program), Path.Combine(_folder["file"], "agent.log")))
        {
            await Processes.Until(() => Starts() >= 3, "the agent is started for the third time");
            Assert.Equal(["no room left", "the agent ended with exit code 3; it is started again"], agent.LastLines.Order());
        }

        Assert.Equal("", File.ReadAllText(_folder["file"]));
    }

    [Fact]
    public async Task A_program_that_cannot_be_started_is_tried_again()
    {
        await using var agent = new AgentProcess(Command(_folder["agent.sh"]), _folder["agent.log"]);
        await Processes.Until(() => agent.LastLines.Count > 0, "the first try has failed");
        Assert.Contains("the agent cannot be started: ", Assert.Single(agent.LastLines));

        Script("echo started >> starts");

        await Processes.Until(() => Starts() >= 1, "the agent is started");
    }

    [Fact]
    public void An_agent_that_never_reports_is_explained_by_what_it_said()
    {
        Assert.Equal(
            "The agent did not report within 60 seconds. The last that it said: libtorch is not there. | the agent ended with exit code 1; it is started again",
            EmbeddedCluster.Silence(["libtorch is not there.", "the agent ended with exit code 1; it is started again"]).Message);
        Assert.Equal("The agent did not report within 60 seconds, and said nothing. This machine may be too busy: try again.", EmbeddedCluster.Silence([]).Message);
    }

    private string Script(string text)
    {
        // Written beside it and renamed: a file that is open for writing cannot be started.
        File.WriteAllText(_folder["draft"], $"#!/bin/sh\ncd '{_folder["."]}'\n{text}\n");
        File.SetUnixFileMode(_folder["draft"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.Move(_folder["draft"], _folder["agent.sh"]);
        return _folder["agent.sh"];
    }

    private int Starts() => File.Exists(_folder["starts"]) ? File.ReadLines(_folder["starts"]).Count() : 0;

    private static ProcessStartInfo Command(string program) => new(program) { RedirectStandardInput = true, RedirectStandardError = true, UseShellExecute = false };
}
