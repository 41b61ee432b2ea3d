using System.Net;
using System.Net.Sockets;
using Temper.TestKit;

namespace Temper.Deploy.Tests.Observability;

public sealed class MetricsListenerTests
{
    private static readonly string s_temper = Path.Combine(AppContext.BaseDirectory, "temper");
    private static readonly Dictionary<string, string> s_token = new() { ["TEMPER_AGENT_TOKEN"] = "a-token-for-tests" };

    [Theory]
    [InlineData("serve", "9464")]
    [InlineData("serve", "https://127.0.0.1:9464")]
    [InlineData("agent", "http://127.0.0.1:9464/metrics")]
    [InlineData("agent", "http://user@127.0.0.1:9464")]
    public async Task An_address_that_is_none_is_refused_before_anything_starts(string verb, string url)
    {
        var (exit, output) = await RunAsync(verb, url, Path.GetTempPath());

        Assert.Equal(2, exit);
        Assert.Contains($"--metrics-url is '{url}', which is no address to listen on. Write http://HOST:PORT.", output);
    }

    [Theory]
    [InlineData("serve")]
    [InlineData("agent")]
    public async Task A_port_that_is_taken_ends_the_program_with_a_sentence(string verb)
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var folder = Directory.CreateTempSubdirectory("temper-listener-").FullName;
        try
        {
            var (exit, output) = await RunAsync(verb, $"http://{other.LocalEndpoint}", folder);

            Assert.Equal(1, exit);
            Assert.Contains("address already in use", output);
            Assert.DoesNotContain("   at ", output);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static Task<(int ExitCode, string Output)> RunAsync(string verb, string url, string folder) =>
        ChildProcess.Run(s_temper, [verb, verb == "serve" ? "--url" : "--server", "http://127.0.0.1:0", "--metrics-url", url], folder, s_token);
}
