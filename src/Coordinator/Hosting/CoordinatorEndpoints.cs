using System.Net;

namespace Temper.Coordinator.Hosting;

/// <summary>Where a started coordinator can be reached.</summary>
/// <param name="Api">Base address of REST.</param>
/// <param name="Gateway">Where Orleans clients connect.</param>
/// <param name="ClusterId">The cluster's name.</param>
/// <param name="ServiceId">The service's name.</param>
public sealed record CoordinatorEndpoints(Uri Api, IPEndPoint Gateway, string ClusterId, string ServiceId);
