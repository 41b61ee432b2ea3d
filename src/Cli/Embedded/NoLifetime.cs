using Microsoft.Extensions.Hosting;

namespace Temper.Cli.Embedded;

/// <summary>For a host that is a part of a command: signals are the command's to hear.</summary>
internal sealed class NoLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
