namespace Temper.Docs.Tests.Snippets;

/// <summary>The judge of the pages' commands is no soft one.</summary>
public class ShellLinesTests
{
    [Theory]
    [InlineData("export KEY=$(temper key create --name me) # for me", "temper key create --name me")]
    [InlineData("until curl --fail $URL/health; do sleep 1; done", "curl --fail $URL/health", "sleep 1", "done")]
    [InlineData("temper run a.yaml \\\n  --data 'my data' > log 2>&1", "temper run a.yaml --data my data")]
    [InlineData("temper serve & temper agent | tee \"a b\"", "temper serve", "temper agent", "tee a b")]
    public void A_block_is_taken_apart_into_the_commands_that_a_shell_would_start(string text, params string[] commands) =>
        Assert.Equal(commands, ShellLines.Commands(text).Select(words => string.Join(' ', words)));

    [Theory]
    [InlineData("temper runn spec.yaml")]
    [InlineData("temper run spec.yaml --dat here")]
    [InlineData("temper key create --name me")]
    [InlineData("curl $TEMPER_SERVER/api/v1/nothing")]
    [InlineData("curl -X POST http://10.0.0.1:5080/api/v1/agents")]
    [InlineData("helm install temper deploy/helm/nothing")]
    public void A_command_that_would_not_work_is_objected_to(string command) =>
        Assert.NotNull(SnippetTests.Objection(Assert.Single(ShellLines.Commands(command))));

    [Theory]
    [InlineData("temper run spec.yaml --data DIR")]
    [InlineData("curl $TEMPER_SERVER/api/v1/runs/ID/events")]
    [InlineData("curl -X POST http://10.0.0.1:5080/api/v1/runs/ID/pause")]
    public void A_command_that_would_work_is_not(string command) => Assert.Null(SnippetTests.Objection(Assert.Single(ShellLines.Commands(command))));
}
