using System.CommandLine;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Temper.Cli.Commands;
using Temper.Cli.Files;
using Temper.TestKit;

namespace Temper.EndToEnd.Tests.Processes;

/// <summary>
/// What <c>--output</c> of the commands that write names. Nothing here names a device of the machine: a program that is wrong would replace it.
/// </summary>
[Collection("processes")]
[UnsupportedOSPlatform("windows")]
public sealed class OutputTests : IDisposable
{
    // As ByT5: a byte is 3 more than its value, after pad, end of sequence and unknown.
    private const string Ids = "100 101\n102\n";

    private readonly RunFolder _folder = new();

    public OutputTests() => File.WriteAllText(_folder["text.txt"], "ab\nc\n");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_command_that_writes_a_file_or_a_folder_takes_its_name_in_the_same_way()
    {
        var outputs = Commands(TemperCommand.Create())
            .SelectMany(command => command.Options.Where(option => option.Name is "--output").Select(option => (Command: command.Name, option.ValueType))).ToList();

        Assert.Equal(["decode", "evaluate", "score", "tokenize"], outputs.Where(output => output.ValueType == typeof(OutputFile)).Select(output => output.Command).Order());
        Assert.Equal(["export", "report", "run", "run", "serve"], outputs.Where(output => output.ValueType == typeof(DirectoryInfo)).Select(output => output.Command).Order());
        // Folders of a server.
        Assert.Equal(["submit", "submit"], outputs.Where(output => output.ValueType == typeof(string)).Select(output => output.Command));
        Assert.Equal(11, outputs.Count);
    }

    [Theory]
    [InlineData("tokenize")]
    [InlineData("decode")]
    public async Task A_pipe_is_written_to_and_stays_one(string verb)
    {
        var pipe = await Make("mkfifo", "pipe");
        await using var reader = ChildProcess.Start("cat", [pipe], AppContext.BaseDirectory);

        var (exit, output) = await Run(verb, pipe);

        Assert.True(exit == 0, output);
        Assert.Equal("fifo", await KindOf(pipe));
        Assert.Equal(0, await reader.Exit());
        Assert.Equal(verb == "tokenize" ? Ids : "{\"input_ids\":[5,1],\"output_ids\":[", verb == "tokenize" ? reader.Printed : reader.Printed[..33]);
        Assert.Equal([], Left());
    }

    [Fact]
    public async Task A_device_is_written_to_and_stays_one()
    {
        // What /dev/null is, at a place of our own.
        var device = _folder["null"];
        var (made, why) = await ChildProcess.Run("mknod", ["-m", "666", device, "c", "1", "3"], AppContext.BaseDirectory);
        Assert.SkipWhen(made != 0, $"needs to make a device: {why.Trim()}");

        foreach (var verb in (string[])["tokenize", "decode"])
        {
            var (exit, output) = await Run(verb, device);

            Assert.True(exit == 0, output);
            Assert.Equal("character special file", await KindOf(device));
        }

        Assert.Equal([], Left());
    }

    [Fact]
    public async Task A_socket_is_written_to_and_stays_one()
    {
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(_folder["socket"]));
        listener.Listen();
        var received = Task.Run(async () =>
        {
            using var connection = await listener.AcceptAsync(Ct);
            using var reader = new StreamReader(new NetworkStream(connection));
            return await reader.ReadToEndAsync(Ct);
        }, Ct);

        var (exit, output) = await Run("tokenize", _folder["socket"]);

        Assert.True(exit == 0, output);
        Assert.Equal(Ids, await received);
        Assert.Equal("socket", await KindOf(_folder["socket"]));
    }

    [Theory]
    [InlineData("tokenize")]
    [InlineData("decode")]
    public async Task A_link_stays_and_what_it_leads_to_keeps_its_permissions(string verb)
    {
        Directory.CreateDirectory(_folder["below"]);
        File.WriteAllText(_folder["below/real.txt"], "old");
        File.SetUnixFileMode(_folder["below/real.txt"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        File.CreateSymbolicLink(_folder["second"], "below/real.txt");
        File.CreateSymbolicLink(_folder["first"], _folder["second"]);

        var (exit, output) = await Run(verb, _folder["first"]);

        Assert.True(exit == 0, output);
        Assert.Equal((_folder["second"], "below/real.txt"), (new FileInfo(_folder["first"]).LinkTarget, new FileInfo(_folder["second"]).LinkTarget));
        Assert.NotEqual("old", File.ReadAllText(_folder["below/real.txt"]));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead, File.GetUnixFileMode(_folder["below/real.txt"]));
        Assert.Equal([], Left());
    }

    [Fact]
    public async Task A_link_to_what_is_not_there_yet_makes_it()
    {
        File.CreateSymbolicLink(_folder["link"], "new.txt");

        var (exit, output) = await Run("tokenize", _folder["link"]);

        Assert.True(exit == 0, output);
        Assert.Equal(("new.txt", Ids), (new FileInfo(_folder["link"]).LinkTarget, File.ReadAllText(_folder["new.txt"])));
    }

    [Theory]
    [InlineData("tokenize")]
    [InlineData("decode")]
    public async Task A_dash_is_standard_output_and_nothing_else_is_said_there(string verb)
    {
        await using var process = TemperProcess.Start(await Arguments(verb, "-"));

        Assert.Equal(0, await process.Exit());
        Assert.Equal(verb == "tokenize" ? 2 : 1, process.Printed.Count(letter => letter == '\n'));
        Assert.StartsWith(verb == "tokenize" ? Ids : "{\"input_ids\":[5,1],\"output_ids\":[", process.Printed);
        Assert.False(File.Exists(Path.Combine(AppContext.BaseDirectory, "-")));
    }

    [Fact]
    public async Task What_the_process_holds_open_is_written_to_where_it_stands()
    {
        // What /dev/stdout is, at a place of our own.
        File.CreateSymbolicLink(_folder["stdout"], "/proc/self/fd/1");
        var temper = string.Join(' ', (await Arguments("tokenize", _folder["stdout"])).Prepend(Path.Combine(AppContext.BaseDirectory, "temper")));

        var (exit, output) = await ChildProcess.Run("sh", ["-c", $"{{ echo before; {temper} && echo after; }} > {_folder["out.txt"]}"], AppContext.BaseDirectory);

        Assert.True(exit == 0, output);
        Assert.Equal($"before\n{Ids}after\n", File.ReadAllText(_folder["out.txt"]));
        Assert.Equal("/proc/self/fd/1", new FileInfo(_folder["stdout"]).LinkTarget);
    }

    [Theory]
    [InlineData("tokenize", "below", "which is a folder. Name a file, or - for standard output.")]
    [InlineData("tokenize", "to-below", "which is a folder. Name a file, or - for standard output.")]
    [InlineData("tokenize", "new/", "which is a folder. Name a file, or - for standard output.")]
    [InlineData("tokenize", "missing/out.txt", "and there is no folder ")]
    [InlineData("tokenize", "circle", "which cannot be written: ")]
    [InlineData("tokenize", "", "--output is empty. Name a file, or - for standard output.")]
    [InlineData("export", "text.txt", "and a folder is written, which that is not. Name a new folder.")]
    [InlineData("run", "text.txt", "and a folder is written, which that is not. Name a new folder.")]
    [InlineData("run", "-", "and a folder is written, which that is not. Name a new folder.")]
    public void What_cannot_be_written_is_refused_before_anything_is_computed(string verb, string name, string why)
    {
        Directory.CreateDirectory(_folder["below"]);
        File.CreateSymbolicLink(_folder["to-below"], "below");
        File.CreateSymbolicLink(_folder["circle"], "circle");
        var output = name is "" or "-" ? name : _folder[name];
        string[] arguments = verb == "tokenize" ? ["tokenize", "--vocab", "bytes", "--input", _folder["text.txt"]] : verb == "run" ? ["run", _folder.Spec()] : ["export", _folder["below"]];

        var errors = TemperCommand.Create().Parse([.. arguments, "--output", output]).Errors;

        var message = Assert.Single(errors).Message;
        Assert.Contains(why, message);
        Assert.Contains(name.Length > 0 ? $"--output is '{output}', " : "--output is empty", message);
    }

    [Fact]
    public void What_fails_in_the_middle_leaves_what_was_there()
    {
        File.WriteAllText(_folder["out.txt"], "old");

        Assert.Throws<InvalidDataException>(() => OutputFile.At(_folder["out.txt"]).Write(writer =>
        {
            writer.WriteLine("half");
            throw new InvalidDataException();
        }));

        Assert.Equal("old", File.ReadAllText(_folder["out.txt"]));
        Assert.Equal([], Left());
    }

    [Fact]
    public async Task A_model_is_exported_to_where_a_link_leads()
    {
        var model = Model();
        Directory.CreateDirectory(_folder["below"]);
        File.CreateSymbolicLink(_folder["to-below"], "below");

        var (exit, output) = await TemperProcess.Run("export", model, "--output", _folder["to-below"]);

        Assert.True(exit == 0, output);
        Assert.Equal("below", new FileInfo(_folder["to-below"]).LinkTarget);
        Assert.True(File.Exists(_folder["below/model.safetensors"]));
    }

    private static IEnumerable<Command> Commands(Command command) => command.Subcommands.SelectMany(Commands).Prepend(command);

    private async Task<(int ExitCode, string Output)> Run(string verb, string output) => await TemperProcess.Run(await Arguments(verb, output));

    private async Task<string[]> Arguments(string verb, string output)
    {
        if (verb == "tokenize")
        {
            return ["tokenize", "--vocab", "bytes", "--input", _folder["text.txt"], "--output", output];
        }

        await File.WriteAllTextAsync(_folder["rows.jsonl"], "{\"input_ids\":[5,1]}", Ct);
        return [verb, "--model", Model(), "--input", _folder["rows.jsonl"], "--output", output, "--max-new-tokens", "4"];
    }

    private string Model()
    {
        var model = Directory.CreateDirectory(_folder["model"]).FullName;
        var golden = Repository.Shared("golden/t5_v1_1_11");
        File.Copy(Path.Combine(golden, "config.json"), Path.Combine(model, "config.json"), overwrite: true);
        File.Copy(Path.Combine(golden, "model.safetensors"), Path.Combine(model, "model.safetensors"), overwrite: true);
        return model;
    }

    private async Task<string> Make(string program, string name)
    {
        var (exit, output) = await ChildProcess.Run(Repository.Tool(program), [_folder[name]], AppContext.BaseDirectory);
        Assert.True(exit == 0, output);
        return _folder[name];
    }

    private static async Task<string> KindOf(string path) => (await ChildProcess.Run("stat", ["--format=%F", path], AppContext.BaseDirectory)).Output.Trim();

    /// <summary>Drafts that were not renamed or deleted.</summary>
    private IEnumerable<string> Left() => Directory.EnumerateFiles(_folder["."], "*.unfinished", SearchOption.AllDirectories);
}
