using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Temper.Coordinator.Tests.Support;

/// <summary>HTTP/1.1 by hand: sends what no well-behaved client would send, one request a connection.</summary>
internal static class RawHttp
{
    /// <summary>Sends <paramref name="request"/> as it is.</summary>
    /// <returns>The answer, of a success only its head; null if the server closed the connection without one.</returns>
    public static async Task<Answer?> SendAsync(Uri server, byte[] request, CancellationToken ct)
    {
        using var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync(server.Host, server.Port, ct);
        var stream = client.GetStream();
        try
        {
            await stream.WriteAsync(request, ct);
        }
        catch (IOException)
        {
            // It has heard enough. What it says about it can still be read.
        }

        return await ReadAsync(stream, isHead: request.AsSpan().StartsWith("HEAD "u8), ct);
    }

    private static async Task<Answer?> ReadAsync(NetworkStream stream, bool isHead, CancellationToken ct)
    {
        var received = new MemoryStream();
        var buffer = new byte[16 << 10];
        while (true)
        {
            if (Parse(received.GetBuffer().AsSpan(0, (int)received.Length), isHead) is { } answer)
            {
                return answer;
            }

            var count = 0;
            try
            {
                count = await stream.ReadAsync(buffer, ct);
            }
            catch (IOException)
            {
                // A reset: the server did not read all that was sent.
            }

            if (count == 0)
            {
                return null;
            }

            received.Write(buffer, 0, count);
        }
    }

    // Null while more must come.
    private static Answer? Parse(ReadOnlySpan<byte> received, bool isHead)
    {
        var end = received.IndexOf("\r\n\r\n"u8);
        if (end < 0)
        {
            return null;
        }

        var head = Encoding.Latin1.GetString(received[..end]).Split("\r\n");
        var body = received[(end + 4)..];
        var status = int.Parse(head[0].Split(' ')[1], CultureInfo.InvariantCulture);
        if (status < 200)
        {
            return Parse(body, isHead);
        }

        var headers = head[1..].Select(line => line.Split(':', 2)).GroupBy(pair => pair[0], pair => pair[1].Trim(), StringComparer.OrdinalIgnoreCase).ToDictionary(group => group.Key, group => group.First(), StringComparer.OrdinalIgnoreCase);
        var type = headers.GetValueOrDefault("Content-Type", "");
        if (isHead || status < 400)
        {
            return new Answer(status, type, "");
        }

        return headers.GetValueOrDefault("Transfer-Encoding") == "chunked"
            ? Unchunk(body) is { } text ? new Answer(status, type, text) : null
            : body.Length >= int.Parse(headers.GetValueOrDefault("Content-Length", "0"), CultureInfo.InvariantCulture) ? new Answer(status, type, Encoding.UTF8.GetString(body)) : null;
    }

    private static string? Unchunk(ReadOnlySpan<byte> body)
    {
        var text = new MemoryStream();
        while (body.IndexOf("\r\n"u8) is var end and >= 0)
        {
            var length = int.Parse(Encoding.ASCII.GetString(body[..end]), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            if (length == 0)
            {
                return Encoding.UTF8.GetString(text.ToArray());
            }

            if (body.Length < end + 2 + length + 2)
            {
                return null;
            }

            text.Write(body.Slice(end + 2, length));
            body = body[(end + 2 + length + 2)..];
        }

        return null;
    }

    /// <param name="Status">The status code.</param>
    /// <param name="Type">The content type.</param>
    /// <param name="Body">The body of a refusal.</param>
    internal sealed record Answer(int Status, string Type, string Body);
}
