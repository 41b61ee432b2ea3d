using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.Metadata;

namespace Temper.Coordinator.Tests.Support;

/// <summary>
/// Requests that somebody might send who wishes harm, or whose program is broken. Made from the endpoints that there are, so that a new one
/// is attacked too; the same seed makes the same ones.
/// </summary>
/// <param name="seed">Decides everything.</param>
/// <param name="routes">What is attacked.</param>
/// <param name="documents">Bodies that would be accepted, as JSON objects.</param>
/// <param name="ids">Ids that there are.</param>
/// <param name="key">An API key that opens everything; null where none is needed.</param>
internal sealed class HostileRequests(int seed, IReadOnlyList<Route> routes, IReadOnlyList<string> documents, IReadOnlyList<string> ids, string? key)
{
    private static readonly string[] Texts =
    [
        "", " ", "\0", "%00", "../", "../../../../etc/passwd", "..\\..\\", "/", "//", ".", "..", "*", "**", ";", ";a=b", "?", "#", "&", "=", "+", "\\", "|", "`id`", "$(id)", "~", "@", "%", "%zz", "%2e%2e%2f", "%252e", "%c0%ae", "%ED%A0%80",
        "'", "\"", "'; DROP TABLE runs; --", "' OR '1'='1", "1); SELECT * FROM api_keys; --", "%' LIKE '%", "NaN", "Infinity", "-Infinity", "-1", "0", "-0", "1e400", "1e-400", "0x10", "1_000", "2147483647", "2147483648", "-2147483649", "9223372036854775807",
        "9223372036854775808", "-9223372036854775809", "99999999999999999999999999999999999999", "1.5", "true", "false", "null", "undefined", "[]", "{}", "{id}", "{0}", "${jndi:ldap://x/y}", "<script>alert(1)</script>", "\r\nX-Injected: yes", "\n", "\t", "\u007f", "\u0085",
        "ünïcödé", "日本語", "\u202Etxt.exe", "\uFEFF", "👩‍👩‍👧‍👦", "\uD800", "\uDFFF", "İı", "e\u0301", "aux", "con", "/dev/zero", "/dev/stdin", "/proc/self/environ", "file:///etc/passwd", "http://169.254.169.254/", "nosuchrun", "cancel", "runs", "demo\n", "train.tsv", "(", "(a+)+$", "^(?<text>(.*)*)*\t(?<label>.*)$", "{", "{text", "{text|}", "{text|nosuch}", "{{}}",
        new string('x', 65), new string('/', 300), new string('9', 400), new string('é', 3000), string.Concat(Enumerable.Repeat("../", 1000)), string.Concat(Enumerable.Repeat("(a+)+", 200)),
    ];

    private static readonly string[] Methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW", "get", "Post", "PROPFIND", "GE T", "\0", "É", "_", new string('A', 500)];

    private static readonly string[] Types =
    [
        "application/json", "application/json", "application/json; charset=utf-8", "application/yaml", "application/yaml", "application/x-yaml", "text/yaml", "application/json; charset=utf-16", "application/json; charset=nonsense", "application/yaml;charset=", "text/plain", "text/html",
        "application/problem+json", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data", "multipart/form-data; boundary=x", "application/octet-stream", "nonsense", "/", "*/*", "application/*", ";;;", "application/json;;;=;", "application/json, application/yaml", "application/jsоn",
    ];

    private static readonly string[] Names =
    [
        "Idempotency-Key", "Idempotency-Key", "Last-Event-ID", "Last-Event-ID", "Accept", "Accept", "Accept-Encoding", "Accept-Charset", "Origin", "Host", "Cookie", "Range", "If-None-Match", "If-Modified-Since", "Expect", "Upgrade", "Connection", "Content-Encoding", "Content-Length", "Content-Length",
        "Transfer-Encoding", "traceparent", "X-Forwarded-For", "X-HTTP-Method-Override", "Forwarded", "Via", "TE", "Trailer", "Authorization", "Proxy-Authorization", "Content-Language", "X-\u00e9", "", " ", "a b", ":",
    ];

    private static readonly string[] Values =
    [
        "application/json", "application/x-ndjson", "text/event-stream", "*/*;q=NaN", "application/json;q=-1", ",,,,", "gzip, br;q=9", "100-continue", "200-maybe", "websocket", "upgrade", "keep-alive", "chunked", "gzip, chunked", "bytes=-1", "bytes=9-1,0-", "00-0-0-zz", "http://evil.example", "null", "evil.example:99999", "[::1", "a=b; a=b",
        "Bearer", "Bearer ", "bearer x y", "Basic dXNlcjpwYXNz", "Bearer tmp_", "Negotiate", "Digest username=\"\"", "5000000000", "-5", "3", "1, 1",
    ];

    // What parsers of documents are broken with.
    private static readonly string[] Documents =
    [
        "", " ", "null", "~", "true", "1", "\"text\"", "[]", "{}", "{", "}", "[", "{\"name\"", "{\"name\":}", "---", "---\n---\n", "%YAML 9.9\n---\na: b", "%TAG ! x\n---\n!a b", "a: b\n---\nc: d", "\uFEFF{}", "\uFEFFname: x", "{}{}", "{} trailing", "// comment\n{}", "{\"a\":1,}", "{'a':1}",
        "name: &a [*a]", "a: *nothing", "a: &x {b: *x}", "? [a, b]\n: c", "? {a: b}\n: c", "<<: {name: x}", "a: &m {b: c}\nd: {<<: *m}", "name: !!int x", "name: !!binary ////", "name: !!python/object/apply:os.system [id]", "name: !<tag:x> y", "name: !!null", "!!set {a, b}", "name: !!timestamp 2001-99-99",
        "name: x\nname: y", "{\"name\":\"a\",\"name\":\"b\"}", "{\"name\":\"a\",\"n\\u0061me\":\"b\"}", "{\"name\":\"\\ud800\"}", "{\"\\ud800\":1}", "{\"name\":\"\\u0000\"}", "name: \"\\uD800\"", "\"\\uD800\": x", "name: \"\\x00\"", "name: \"\\UFFFFFFFF\"", "name: \"\\q\"", "name: |\n x\n\ty", "\tname: x", "name: [", "name: 'x", "name: \"x", "- a\nb: c", "a:\n  - b\n c: d",
        "{\"workers\":1e400}", "{\"workers\":-1e400}", "{\"workers\":1e999999999999}", "workers: 1e999999999999", "workers: .inf", "workers: -.INF", "workers: .nan", "workers: 0o17", "workers: 0x7fffffffffffffff", "workers: 1_000", "workers: 12:30:45", "workers: 01", "workers: +1", "workers: .5", "{\"workers\":01}", "{\"workers\":+1}", "{\"workers\":NaN}", "{\"workers\":-}",
        "{\"seed\":9223372036854775808}", "{\"seed\":1e18}", "{\"seed\":1e19}", "{\"seed\":0.1}", "seed: 79228162514264337593543950336", "seed: 1e28", "{\"tasks\":[1]}", "{\"tasks\":{\"\":{}}}", "{\"tasks\":{\"a\":null}}", "tasks: {? : ?}", "tasks: [a: b]", "{\"tasks\":{\"a\":{\"builtin\":[]}}}",
        "{\"workers\":" + new string('9', 100_000) + "}", "workers: " + new string('9', 100_000), "{\"name\":\"" + new string('x', 500_000) + "\"}", new string('[', 200_000), new string('{', 200_000), string.Concat(Enumerable.Repeat("{\"a\":", 50_000)), new string('[', 200_000) + new string(']', 200_000), string.Concat(Enumerable.Repeat("- ", 50_000)), "a: " + string.Concat(Enumerable.Repeat("&b ", 1000)),
        string.Concat(Enumerable.Range(0, 2000).Select(i => $"{new string(' ', i % 500)}a{i}:\n")), "{" + string.Join(',', Enumerable.Range(0, 50_000).Select(i => $"\"k{i}\":{i}")) + "}", string.Concat(Enumerable.Range(0, 20_000).Select(i => $"k{i}: {i}\n")), "[" + string.Join(',', Enumerable.Repeat("{}", 100_000)) + "]", new string('\n', 500_000), new string('-', 100_000), new string('#', 1_100_000), new string('"', 100_001), new string('\0', 1000), string.Concat(Enumerable.Repeat("---\n", 20_000)),
        "a: &a [x, x, x, x, x, x, x, x, x]\n" + string.Concat(Enumerable.Range(1, 20).Select(i => $"{(char)('a' + i)}: &{(char)('a' + i)} [{string.Join(", ", Enumerable.Repeat($"*{(char)('a' + i - 1)}", 9))}]\n")),
    ];

    private static readonly string[] Literals = ["null", "true", "false", "0", "-0", "-1", "1", "7", "0.5", "1e-320", "1e308", "1e400", "2", "3", "64", "1000", "65536", "1000000", "100000000", "1e-12", "1e-6", "2147483647", "2147483648", "-2147483648", "9223372036854775807", "9223372036854775808", "1e28", "[]", "{}", "[[[]]]", "{\"a\":{\"b\":[]}}", "[null]", "[1,\"a\",{}]", "\"\\ud800\"", "\"\\u0000\""];

    private readonly Random _random = new(seed);
    private readonly List<Route> _readers = [.. routes.Where(route => route.Endpoint.Metadata.GetMetadata<IAcceptsMetadata>() is not null)];

    /// <summary>The next request, ready to be sent.</summary>
    public byte[] Next()
    {
        // Where something is read there is most to break.
        var route = Rarely(2) ? Any(routes) : Any(_readers);
        var method = Rarely(12) ? Any(Methods) : route.Method;
        var body = method is "GET" or "HEAD" && !Rarely(20) ? [] : Body();
        var head = new StringBuilder($"{method} {Target(route)} HTTP/1.1\r\n");
        if (!Rarely(50))
        {
            head.Append("Host: localhost\r\n");
        }

        // Mostly the right key: who is refused at the door attacks nothing behind it.
        if (key is not null && !Rarely(8))
        {
            head.Append(CultureInfo.InvariantCulture, $"Authorization: Bearer {key}\r\n");
        }

        if (body.Length > 0 && !Rarely(20))
        {
            head.Append(CultureInfo.InvariantCulture, $"Content-Type: {(Rarely(3) ? Any(Types) : "application/json")}\r\n");
        }

        // Never less than announced: the server would wait for the rest.
        if (Rarely(30))
        {
            head.Append("Transfer-Encoding: chunked\r\n");
            body = Chunked(body);
        }
        else
        {
            head.Append(CultureInfo.InvariantCulture, $"Content-Length: {body.Length}\r\n");
        }

        head.Append("Connection: close\r\n");
        for (var more = Rarely(3) ? _random.Next(4) : 0; more > 0; more--)
        {
            head.Append(CultureInfo.InvariantCulture, $"{Any(Names)}: {(Rarely(2) ? Any(Values) : Any(Texts))}\r\n");
        }

        return [.. Encoding.UTF8.GetBytes(head.Append("\r\n").ToString()), .. body];
    }

    private string Target(Route route)
    {
        if (Rarely(60))
        {
            return Any(["*", "/", "", "//", "http://evil.example/api/v1/runs", "evil.example:80", "/api/v1/runs?", "?", "/%", "/api/v1/../../metrics", "/api//v1/runs", "/API/V1/RUNS", "/" + new string('a', 9000)]);
        }

        var path = route.Path(_ => Rarely(2) ? Any(ids) : Written(Any(Texts)));
        if (Rarely(8))
        {
            path = path.Insert(_random.Next(path.Length + 1), Written(Any(Texts)));
        }

        var names = (route.Endpoint.Metadata.GetMetadata<MethodInfo>()?.GetParameters() ?? []).Where(IsFromQuery).Select(parameter => parameter.Name!).Append("nonsense").ToList();
        var pairs = Enumerable.Range(0, Rarely(3) ? 0 : _random.Next(1, 4)).Select(_ => $"{(Rarely(15) ? Written(Any(Texts)) : Any(names))}{(Rarely(15) ? "" : "=")}{Written(Any(Texts))}").ToList();
        return pairs.Count == 0 ? path : $"{path}?{string.Join('&', pairs)}";
    }

    private static bool IsFromQuery(ParameterInfo parameter) =>
        parameter.ParameterType == typeof(string) || Nullable.GetUnderlyingType(parameter.ParameterType) is not null || parameter.ParameterType.IsPrimitive;

    // Escaped as it should be, or as it is.
    private string Written(string text) => Rarely(12) ? text : Uri.EscapeDataString(text);

    private byte[] Body()
    {
        switch (_random.Next(10))
        {
            case 0:
                return Noise();
            case 1 or 2:
                return Encoding.UTF8.GetBytes(Any(Documents));
            case 3 when Rarely(4):
                return Any([Encoding.Unicode, Encoding.BigEndianUnicode, Encoding.UTF32, Encoding.Latin1]).GetBytes(Any(documents));
            case 3:
                var whole = Encoding.UTF8.GetBytes(Document(Any(documents)));
                return whole[.._random.Next(whole.Length)];
            case 4 when Rarely(2):
                return Damaged(Encoding.UTF8.GetBytes(Document(Any(documents))));
            default:
                return Encoding.UTF8.GetBytes(Document(Mutated(Any(documents))));
        }
    }

    private byte[] Chunked(byte[] body)
    {
        var size = Rarely(2) ? body.Length.ToString("x", CultureInfo.InvariantCulture) : Any(["zz", "-1", "7fffffffffffffff", "ffffffffffffffffff", "", " ", "0;x=y"]);
        return [.. Encoding.ASCII.GetBytes($"{size}\r\n"), .. body, .. Encoding.ASCII.GetBytes(Rarely(2) ? "\r\n0\r\n\r\n" : "0\r\nX: y\r\n\r\n")];
    }

    private byte[] Noise()
    {
        var noise = new byte[_random.Next(1, 2000)];
        _random.NextBytes(noise);
        return noise;
    }

    private byte[] Damaged(byte[] bytes)
    {
        for (var i = _random.Next(1, 6); i > 0; i--)
        {
            bytes[_random.Next(bytes.Length)] = Rarely(2) ? (byte)_random.Next(256) : (byte)Any("{}[]:,\"'&*!|>%@`#-?\\ \n\t\0");
        }

        return bytes;
    }

    // What begins with a brace is read as JSON, anything else as YAML.
    private string Document(string json) => Rarely(2) ? json : $"---\n{json}";

    private string Mutated(string json)
    {
        var root = JsonNode.Parse(json)!;
        for (var i = _random.Next(1, 4); i > 0; i--)
        {
            Mutate(root);
        }

        return Literals.Index().Aggregate(root.ToJsonString(), (text, literal) => text.Replace($"\"{Place(literal.Index)}\"", literal.Item, StringComparison.Ordinal));
    }

    private void Mutate(JsonNode root)
    {
        var places = new List<JsonNode>();
        Collect(root, places);
        switch (Any(places))
        {
            case JsonObject { Count: > 0 } map:
                var name = Any(map.Select(pair => pair.Key).ToList());
                switch (_random.Next(10))
                {
                    case 0:
                        map.Remove(name);
                        break;
                    case 1:
                        map[Any(Texts)] = map[name]?.DeepClone();
                        break;
                    default:
                        map[name] = Value();
                        break;
                }

                break;
            case JsonArray { Count: > 0 } list:
                list[_random.Next(list.Count)] = Value();
                break;
            case JsonArray list:
                list.Add(Value());
                break;
        }
    }

    private static void Collect(JsonNode? node, List<JsonNode> places)
    {
        if (node is not (JsonObject or JsonArray))
        {
            return;
        }

        places.Add(node);
        foreach (var child in node is JsonObject map ? map.Select(pair => pair.Value) : node.AsArray())
        {
            Collect(child, places);
        }
    }

    private JsonValue Value() => JsonValue.Create(Rarely(2) ? Any(Texts) : Place(_random.Next(Literals.Length)));

    // Stands for what a tree of well-formed values cannot hold.
    private static string Place(int literal) => $"@@{literal}@@";

    private bool Rarely(int oneIn) => _random.Next(oneIn) == 0;

    private T Any<T>(IReadOnlyList<T> values) => values[_random.Next(values.Count)];

    private char Any(string values) => values[_random.Next(values.Length)];
}
