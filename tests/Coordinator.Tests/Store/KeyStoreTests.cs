using System.Text;
using Temper.Coordinator.Store;

namespace Temper.Coordinator.Tests.Store;

public sealed class KeyStoreTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private readonly string _folder = Directory.CreateTempSubdirectory("temper-keys-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_key_is_found_by_what_is_shown_and_by_nothing_else()
    {
        using var keys = new KeyStore(_folder);
        Assert.Equal((null, false), await keys.FindAsync("anything"));
        var (key, secret) = await keys.CreateAsync("ci", Role.Submitter, Now);

        Assert.Matches("^tmp_[0-9a-f]{64}$", secret);
        Assert.Equal(new ApiKey(key.Id, "ci", Role.Submitter, Now, null), key);
        Assert.Equal((key, true), await keys.FindAsync(secret));
        Assert.Equal((null, true), await keys.FindAsync(secret[..^1]));
        Assert.Equal((null, true), await keys.FindAsync(""));
        Assert.Equal((null, true), await keys.FindAsync(null));
        Assert.Equal((null, true), await keys.FindAsync("' OR 1 = 1 --"));
    }

    [Fact]
    public async Task Another_store_on_the_same_file_sees_what_was_made_and_revoked_at_once()
    {
        using var coordinator = new KeyStore(_folder);
        using var command = new KeyStore(_folder);
        var (key, secret) = await command.CreateAsync("one", Role.Viewer, Now);
        Assert.Equal((key, true), await coordinator.FindAsync(secret));
        var revoked = await command.RevokeAsync(key.Id, Now.AddDays(1));

        Assert.Equal(key with { RevokedAt = Now.AddDays(1) }, revoked);
        Assert.Equal((null, true), await coordinator.FindAsync(secret));
        Assert.Equal(revoked, await command.RevokeAsync(key.Id, Now.AddDays(2)));
        Assert.Null(await command.RevokeAsync("nosuchid", Now));
        var (other, _) = await command.CreateAsync("one", Role.Admin, Now);
        Assert.Equal([revoked!, other], await coordinator.ListAsync());
    }

    [Fact]
    public async Task The_file_does_not_hold_the_key()
    {
        string secret;
        using (var keys = new KeyStore(_folder))
        {
            (_, secret) = await keys.CreateAsync("ci", Role.Admin, Now);
        }

        var files = Directory.GetFiles(_folder);
        Assert.NotEmpty(files);
        Assert.All(files, file => Assert.Equal(-1, File.ReadAllBytes(file).AsSpan().IndexOf(Encoding.UTF8.GetBytes(secret[4..]))));
    }
}
