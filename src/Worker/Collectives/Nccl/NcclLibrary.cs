using System.Globalization;
using System.Runtime.InteropServices;

namespace Temper.Worker.Collectives.Nccl;

/// <summary>
/// NVIDIA's library of collectives, loaded when it is first asked for: the file that <see cref="PathVariable"/> names, else <c>libnccl.so.2</c> where
/// the system finds it.
/// </summary>
internal sealed unsafe class NcclLibrary
{
    /// <summary>Environment variable that names the library's file.</summary>
    public const string PathVariable = "TEMPER_NCCL";

    /// <summary>2.18.0 as NCCL writes it: the version whose configuration <see cref="NcclConfig"/> is.</summary>
    public const int OldestVersion = 21800;

    private const string UsualName = "libnccl.so.2";
    private static readonly Lazy<NcclLibrary> s_shared = new(() => Open(Environment.GetEnvironmentVariable(PathVariable) is { Length: > 0 } path ? path : UsualName));

    private readonly delegate* unmanaged<NcclUniqueId*, NcclResult> _getUniqueId;
    private readonly delegate* unmanaged<nint*, int, NcclUniqueId, int, NcclConfig*, NcclResult> _initialise;
    private readonly delegate* unmanaged<nint, nint, nuint, NcclType, NcclReduction, nint, nint, NcclResult> _allReduce;
    private readonly delegate* unmanaged<NcclResult> _groupStart;
    private readonly delegate* unmanaged<NcclResult> _groupEnd;
    private readonly delegate* unmanaged<nint, NcclResult*, NcclResult> _getAsyncError;
    private readonly delegate* unmanaged<nint, NcclResult> _abort;
    private readonly delegate* unmanaged<nint, NcclResult> _destroy;
    private readonly delegate* unmanaged<NcclResult, byte*> _getErrorString;
    private readonly delegate* unmanaged<nint, byte*> _getLastError;

    private NcclLibrary(nint handle)
    {
        nint Of(string name) => NativeLibrary.GetExport(handle, name);
        _getUniqueId = (delegate* unmanaged<NcclUniqueId*, NcclResult>)Of("ncclGetUniqueId");
        _initialise = (delegate* unmanaged<nint*, int, NcclUniqueId, int, NcclConfig*, NcclResult>)Of("ncclCommInitRankConfig");
        _allReduce = (delegate* unmanaged<nint, nint, nuint, NcclType, NcclReduction, nint, nint, NcclResult>)Of("ncclAllReduce");
        _groupStart = (delegate* unmanaged<NcclResult>)Of("ncclGroupStart");
        _groupEnd = (delegate* unmanaged<NcclResult>)Of("ncclGroupEnd");
        _getAsyncError = (delegate* unmanaged<nint, NcclResult*, NcclResult>)Of("ncclCommGetAsyncError");
        _abort = (delegate* unmanaged<nint, NcclResult>)Of("ncclCommAbort");
        _destroy = (delegate* unmanaged<nint, NcclResult>)Of("ncclCommDestroy");
        _getErrorString = (delegate* unmanaged<NcclResult, byte*>)Of("ncclGetErrorString");
        _getLastError = (delegate* unmanaged<nint, byte*>)Of("ncclGetLastError");
        var getVersion = (delegate* unmanaged<int*, NcclResult>)Of("ncclGetVersion");
        int version;
        Version = getVersion(&version) == NcclResult.Success ? version : 0;
    }

    /// <summary>The library of this process.</summary>
    /// <exception cref="PlatformNotSupportedException">It is missing or too old.</exception>
    public static NcclLibrary Shared => s_shared.Value;

    /// <summary>Its version as NCCL writes it: 22703 is 2.27.3.</summary>
    public int Version { get; }

    /// <summary>Loads a file.</summary>
    /// <param name="path">The file, or a name that the system finds.</param>
    /// <exception cref="PlatformNotSupportedException">It is missing or too old.</exception>
    public static NcclLibrary Open(string path)
    {
        try
        {
            var library = new NcclLibrary(NativeLibrary.Load(path));
            return library.Version >= OldestVersion ? library : throw new PlatformNotSupportedException(string.Create(
                CultureInfo.InvariantCulture, $"NCCL at '{path}' is version {library.Version}; {OldestVersion} or later is needed. Name a newer one in {PathVariable}."));
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException or BadImageFormatException)
        {
            throw new PlatformNotSupportedException(
                $"NCCL does not load from '{path}': {e.Message} Install {UsualName} (Python's package nvidia-nccl-cu12 has it) and name its path in {PathVariable}; or ask for collective ring.", e);
        }
    }

    /// <summary>A new id, made by rank 0: its process listens for the others from now on.</summary>
    public NcclUniqueId NewId()
    {
        NcclUniqueId id;
        var result = _getUniqueId(&id);
        return result == NcclResult.Success ? id : throw new CollectiveException($"Rank 0 got no NCCL id: {Explain(result, 0)}.", 0);
    }

    /// <summary>Starts to join; <see cref="State"/> says when all have.</summary>
    public NcclResult Join(out nint communicator, int worldSize, NcclUniqueId id, int rank)
    {
        var config = NcclConfig.NonBlocking();
        nint joined = 0;
        var result = _initialise(&joined, worldSize, id, rank, &config);
        communicator = joined;
        return result;
    }

    /// <summary>Starts to replace <paramref name="count"/> floats by their sum, in buckets that are launched together.</summary>
    public NcclResult SumFloats(nint communicator, nint address, long count, long bucket)
    {
        var started = _groupStart();
        for (var at = 0L; at < count && started is NcclResult.Success or NcclResult.InProgress; at += bucket)
        {
            var start = address + checked((nint)(at * sizeof(float)));
            // Stream 0 is the legacy default stream, on which torch computes: the sum starts after what is there already.
            started = _allReduce(start, start, (nuint)Math.Min(bucket, count - at), NcclType.Float32, NcclReduction.Sum, communicator, 0);
        }

        // The group is closed in any case: the library counts.
        var ended = _groupEnd();
        return started is NcclResult.Success or NcclResult.InProgress ? ended : started;
    }

    /// <summary>Where the communicator stands.</summary>
    public NcclResult State(nint communicator)
    {
        NcclResult state;
        var asked = _getAsyncError(communicator, &state);
        return asked == NcclResult.Success ? state : asked;
    }

    /// <summary>Gives up what runs and lets go. May wait for ever.</summary>
    public void Abort(nint communicator) => _abort(communicator);

    /// <summary>Ends the communicator in an orderly way. May wait for other ranks.</summary>
    public void Destroy(nint communicator) => _destroy(communicator);

    /// <summary>What the library says of a result.</summary>
    public string Explain(NcclResult result, nint communicator)
    {
        var what = Marshal.PtrToStringUTF8((nint)_getErrorString(result)) ?? "unknown result";
        var last = Marshal.PtrToStringUTF8((nint)_getLastError(communicator));
        return string.IsNullOrWhiteSpace(last) ? $"NCCL says '{what}'" : $"NCCL says '{what}: {last.Trim()}'";
    }
}
