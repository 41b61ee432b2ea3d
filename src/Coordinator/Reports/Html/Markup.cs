using System.Xml;
using System.Xml.Linq;

namespace Temper.Coordinator.Reports.Html;

/// <summary>
/// HTML as a tree, so that no text can become markup: every string that enters is cleaned by <see cref="SafeText"/> here and escaped
/// by the writer there. The output is well-formed XML as well.
/// </summary>
internal static class Markup
{
    // These end by themselves in HTML; every other element needs an end tag, even an empty one.
    private static readonly HashSet<string> Void = ["meta", "br", "hr", "path", "line", "rect", "circle"];

    private static readonly XmlWriterSettings Settings = new()
    {
        OmitXmlDeclaration = true,
        ConformanceLevel = ConformanceLevel.Fragment,
        NewLineHandling = NewLineHandling.None,
    };

    public static XElement Tag(string name, params object?[] content)
    {
        var element = new XElement(name);
        foreach (var part in content)
        {
            element.Add(part is string text ? SafeText.Lines(text) : part);
        }

        if (element.IsEmpty && !Void.Contains(name))
        {
            element.Add("");
        }

        return element;
    }

    /// <summary>A script or its data, which HTML reads as it stands: it must hold no end tag of a script.</summary>
    public static XElement Script(string content, params XAttribute[] attributes) => new("script", attributes, new Verbatim(content));

    public static XAttribute Attr(string name, string value) => new(name, SafeText.OneLine(value));

    public static XAttribute Class(string value) => Attr("class", value);

    public static void Write(XElement root, TextWriter output)
    {
        output.Write("<!DOCTYPE html>\n");
        using (var writer = XmlWriter.Create(output, Settings))
        {
            root.WriteTo(writer);
        }

        output.Write('\n');
    }

    private sealed class Verbatim(string text) : XText(text)
    {
        public override void WriteTo(XmlWriter writer) => writer.WriteRaw(Value);
    }
}
