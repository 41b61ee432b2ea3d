using System.Net;

namespace Temper.Coordinator.Hosting;

/// <summary>Where Orleans clients connect.</summary>
internal sealed record Gateway(IPEndPoint EndPoint, string ClusterId, string ServiceId);
