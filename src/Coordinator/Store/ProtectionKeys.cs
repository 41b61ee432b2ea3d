using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.Repositories;

namespace Temper.Coordinator.Store;

/// <summary>The keys that cookies are sealed with, in the coordinators' database: what one coordinator sealed another opens, also after a restart.</summary>
internal sealed class ProtectionKeys(IDatabase database) : IXmlRepository
{
    public IReadOnlyCollection<XElement> GetAllElements() => database.Read(connection =>
        connection.QueryAsync("SELECT xml FROM protection_keys ORDER BY name", reader => XElement.Parse(reader.GetString(0))));

    public void StoreElement(XElement element, string friendlyName) => database.WriteAsync(null, connection => connection.ExecuteAsync(
        "INSERT INTO protection_keys (name, xml) VALUES (@name, @xml) ON CONFLICT (name) DO UPDATE SET xml = excluded.xml",
        ("@name", friendlyName), ("@xml", element.ToString(SaveOptions.DisableFormatting)))).GetAwaiter().GetResult();
}
