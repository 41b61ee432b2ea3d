using Microsoft.Extensions.Hosting;

namespace Temper.Worker.Agents;

/// <summary>For a host that is part of a larger program, which handles signals itself.</summary>
public sealed class NoLifetime : IHostLifetime
{
    /// <inheritdoc/>
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
