using System.Buffers.Binary;
using System.Text;

namespace Temper.Worker.Native;

/// <summary>
/// Symbol versions of a 64-bit little-endian ELF shared library: which it provides, and a copy that asks for fewer of them.
/// </summary>
/// <remarks>
/// TorchSharp's native library is built with GCC 13. It names two symbol versions of libstdc++ that Debian 12, Ubuntu 22.04 and
/// RHEL 9 do not all have, and needs neither: 3.4.32 belongs to a symbol without relocations (never called), 3.4.30 to
/// <c>condition_variable::wait</c>, which also exists, unchanged for its callers, as 3.4.11.
/// </remarks>
internal static class ElfVersions
{
    private const string NeverCalled = "GLIBCXX_3.4.32";
    private const string NewerWait = "GLIBCXX_3.4.30";
    private const string OlderWait = "GLIBCXX_3.4.11";

    private const uint SectionVersionDefinitions = 0x6ffffffd;
    private const uint SectionVersionNeeds = 0x6ffffffe;
    private const uint SectionVersionSymbols = 0x6fffffff;
    private const ushort WeakFlag = 2;

    /// <summary>The symbol versions that this library defines, such as <c>GLIBCXX_3.4.30</c>.</summary>
    public static IReadOnlySet<string> Provided(ReadOnlySpan<byte> library)
    {
        var versions = new HashSet<string>(StringComparer.Ordinal);
        if (!TryFind(library, SectionVersionDefinitions, out var definitions))
        {
            return versions;
        }

        // Elf64_Verdef: flags, ndx, cnt at 2, 4, 6; offset of the first name at 12; offset of the next definition at 16.
        for (var (at, left) = (definitions.Offset, definitions.Count); left > 0; left--)
        {
            versions.Add(Text(library, definitions.Names + U32(library, at + U32(library, at + 12))));
            at += U32(library, at + 16);
        }

        return versions;
    }

    /// <summary>
    /// A copy of <paramref name="library"/> that loads beside a libstdc++ providing only <paramref name="provided"/>; null where
    /// nothing that this method knows to be safe is missing.
    /// </summary>
    public static byte[]? Relax(ReadOnlySpan<byte> library, IReadOnlySet<string> provided)
    {
        if (!TryFind(library, SectionVersionNeeds, out var needs))
        {
            return null;
        }

        var patched = library.ToArray();
        var indexes = new Dictionary<string, ushort>(StringComparer.Ordinal);
        var changed = false;

        // Elf64_Verneed: cnt at 2, first Vernaux at 8, next at 12. Vernaux: flags at 4, other at 6, name at 8, next at 12.
        for (var (need, left) = (needs.Offset, needs.Count); left > 0; left--)
        {
            var aux = need + U32(library, need + 8);
            for (var inner = U16(library, need + 2); inner > 0; inner--)
            {
                var name = Text(library, needs.Names + U32(library, aux + 8));
                indexes[name] = U16(library, aux + 6);
                if (name is NeverCalled or NewerWait && !provided.Contains(name))
                {
                    BinaryPrimitives.WriteUInt16LittleEndian(patched.AsSpan(aux + 4), (ushort)(U16(library, aux + 4) | WeakFlag));
                    changed = true;
                }

                aux += U32(library, aux + 12);
            }

            need += U32(library, need + 12);
        }

        if (!provided.Contains(NewerWait) && indexes.TryGetValue(NewerWait, out var newer)
            && indexes.TryGetValue(OlderWait, out var older) && TryFind(library, SectionVersionSymbols, out var symbols))
        {
            for (var at = symbols.Offset; at < symbols.Offset + symbols.Size; at += 2)
            {
                if (U16(library, at) == newer)
                {
                    BinaryPrimitives.WriteUInt16LittleEndian(patched.AsSpan(at), older);
                }
            }
        }

        return changed ? patched : null;
    }

    private static bool TryFind(ReadOnlySpan<byte> elf, uint type, out Section section)
    {
        section = default;
        if (elf.Length < 64 || !elf[..6].SequenceEqual<byte>([0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1]))
        {
            return false;
        }

        // Elf64_Ehdr: e_shoff at 40, e_shentsize at 58, e_shnum at 60.
        var (table, stride, count) = (U64(elf, 40), U16(elf, 58), U16(elf, 60));
        for (var i = 0; i < count; i++)
        {
            // Elf64_Shdr: sh_type at 4, sh_offset at 24, sh_size at 32, sh_link at 40, sh_info at 44.
            var header = table + (i * stride);
            if ((uint)U32(elf, header + 4) == type)
            {
                var names = U64(elf, table + (U32(elf, header + 40) * stride) + 24);
                section = new Section(U64(elf, header + 24), U64(elf, header + 32), U32(elf, header + 44), names);
                return true;
            }
        }

        return false;
    }

    private static string Text(ReadOnlySpan<byte> elf, int at)
    {
        var rest = elf[at..];
        return Encoding.ASCII.GetString(rest[..rest.IndexOf((byte)0)]);
    }

    private static ushort U16(ReadOnlySpan<byte> elf, int at) => BinaryPrimitives.ReadUInt16LittleEndian(elf[at..]);

    private static int U32(ReadOnlySpan<byte> elf, int at) => BinaryPrimitives.ReadInt32LittleEndian(elf[at..]);

    private static int U64(ReadOnlySpan<byte> elf, int at) => checked((int)BinaryPrimitives.ReadInt64LittleEndian(elf[at..]));

    private readonly record struct Section(int Offset, int Size, int Count, int Names);
}
