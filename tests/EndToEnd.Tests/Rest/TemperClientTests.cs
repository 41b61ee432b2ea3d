using System.Net;
using System.Text;
using Temper.Cli.Rest;
using Temper.Contracts.Agents;
using Temper.Contracts.Runs;
using Temper.EndToEnd.Tests.Views;
using Temper.TestKit;

namespace Temper.EndToEnd.Tests.Rest;

public class TemperClientTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("name: x", "application/yaml")]
    [InlineData(" {\"name\": \"x\"}", "application/json")]
    public async Task A_spec_is_sent_as_it_was_written(string spec, string type)
    {
        var server = new Answers(_ => Json(HttpStatusCode.Created, ProtocolJson.Write(Runs.Status())));
        using var client = new TemperClient(new Uri("http://h:1/base/"), "secret", server);

        var outcome = await client.SubmitAsync(spec, "once", "/my data", null, Ct);

        Assert.Equal("quickstart-1", Assert.IsType<SubmitOutcome<RunStatus>.Accepted>(outcome).Value.Id);
        var (request, body) = Assert.Single(server.Seen);
        Assert.Equal("http://h:1/base/api/v1/runs?data=%2Fmy%20data", request.RequestUri!.AbsoluteUri);
        Assert.Equal(type, request.Content!.Headers.ContentType!.MediaType);
        Assert.Equal(spec, body);
        Assert.Equal("once", request.Headers.GetValues("Idempotency-Key").Single());
        Assert.Equal("Bearer secret", request.Headers.Authorization!.ToString());
    }

    [Fact]
    public async Task A_rejected_spec_brings_every_mistake()
    {
        var problem = """{"title":"The spec has mistakes.","status":422,"errors":[{"path":"a","message":"A."},{"path":"b","message":"B."}]}""";
        using var client = Client(_ => Json(HttpStatusCode.UnprocessableEntity, problem, "application/problem+json"));

        var outcome = await client.SubmitAsync("x: 1", "k", null, null, Ct);

        Assert.Equal(["a: A.", "b: B."], Assert.IsType<SubmitOutcome<RunStatus>.Rejected>(outcome).Errors.Select(error => error.ToString()));
    }

    [Fact]
    public async Task A_problem_becomes_its_title_and_detail()
    {
        using var client = Client(_ => Json(HttpStatusCode.NotFound, """{"title":"No such run","detail":"There is no run x; `temper list` shows all."}""", "application/problem+json"));

        var error = await Assert.ThrowsAsync<TemperApiException>(() => client.ShowAsync("x", Ct));

        Assert.Equal("No such run. There is no run x; `temper list` shows all.", error.Message);
        Assert.Equal(404, error.Status);
    }

    [Fact]
    public async Task Without_a_key_a_refusal_says_how_to_give_one()
    {
        using var client = Client(_ => new HttpResponseMessage(HttpStatusCode.Unauthorized));

        var error = await Assert.ThrowsAsync<TemperApiException>(() => client.ListAsync(Ct));

        Assert.EndsWith("give --api-key, or set TEMPER_API_KEY.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_not_a_coordinator_is_said_to_be_none()
    {
        using var client = Client(_ => Json(HttpStatusCode.OK, "<html>"));

        var error = await Assert.ThrowsAsync<TemperApiException>(() => client.ListAsync(Ct));

        Assert.StartsWith("What answers at http://h:1/ does not speak Temper's API", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_nobody_listens_the_message_says_what_to_start()
    {
        using var port = new ReservedPort();
        using var client = new TemperClient(new Uri($"http://127.0.0.1:{port}"), null);

        var error = await Assert.ThrowsAsync<TemperApiException>(() => client.ListAsync(Ct));

        Assert.Equal($"No coordinator answers at http://127.0.0.1:{port}/; start one with `temper serve`, or give --server.", error.Message);
    }

    [Fact]
    public async Task Names_and_numbers_are_part_of_the_path_as_data()
    {
        var server = new Answers(request => Json(HttpStatusCode.OK, request.Method == HttpMethod.Post ? ProtocolJson.Write(Runs.Status()) : """{"steps":[],"evaluations":[]}"""));
        using var client = new TemperClient(new Uri("http://h:1"), null, server);

        await client.MetricsAsync("a/../b", 1, null, 50, Ct);
        await client.CancelAsync("r", Ct);
        await client.PauseAsync("r", Ct);
        await client.ResumeAsync("r", Ct);
        await client.RetryAsync("r", Ct);

        Assert.Equal(
            ["/api/v1/runs/a%2F..%2Fb/metrics?from=1&points=50", "/api/v1/runs/r/cancel", "/api/v1/runs/r/pause", "/api/v1/runs/r/resume", "/api/v1/runs/r/retry"],
            server.Seen.Select(seen => seen.Request.RequestUri!.PathAndQuery));
    }

    private static HttpResponseMessage Json(HttpStatusCode status, string text, string type = "application/json") =>
        new(status) { Content = new StringContent(text, Encoding.UTF8, type) };

    private static TemperClient Client(Func<HttpRequestMessage, HttpResponseMessage> answer) => new(new Uri("http://h:1"), null, new Answers(answer));

    private sealed class Answers(Func<HttpRequestMessage, HttpResponseMessage> answer) : HttpMessageHandler
    {
        public List<(HttpRequestMessage Request, string? Body)> Seen { get; } = [];

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Seen.Add((request, request.Content is null ? null : await request.Content.ReadAsStringAsync(cancellationToken)));
            return answer(request);
        }
    }
}
