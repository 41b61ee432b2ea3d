namespace Temper.Mixture.Vocabularies.SentencePiece;

/// <summary>
/// Finds the pieces that a text begins with: a double-array trie over UTF-8 bytes. The child of a node for a byte lies at
/// the node's base plus the byte, if the node found there names it as its parent.
/// </summary>
internal sealed class PieceTrie
{
    /// <summary>Where every walk starts.</summary>
    public const int Root = 0;

    /// <summary>Score of a node at which no piece ends: no sum with it beats any other path.</summary>
    public const double NoPiece = double.NegativeInfinity;

    private readonly Node[] _nodes;
    private readonly int[] _ids;

    /// <summary>Builds the trie of some pieces, each with the score that segmentation gives it.</summary>
    public PieceTrie(IEnumerable<Entry> pieces) => (_nodes, _ids) = new PieceTrieBuilder().Build(pieces);

    /// <summary>A piece to be found.</summary>
    public readonly record struct Entry(byte[] Utf8, int Id, double Score);

    /// <summary>One place of the trie: 16 bytes, so that a step of a walk touches one cache line.</summary>
    public struct Node
    {
        /// <summary>Where the children begin.</summary>
        public int Base;

        /// <summary>The node that this is a child of; −1 for an empty place.</summary>
        public int Parent;

        /// <summary>The score of the piece that ends here, or <see cref="NoPiece"/>.</summary>
        public double Score;
    }

    /// <summary>All nodes; 256 places follow the last base, so that base plus byte is always inside.</summary>
    public ReadOnlySpan<Node> Nodes => _nodes;

    /// <summary>The id of the piece that ends at <paramref name="node"/>.</summary>
    public int IdAt(int node) => _ids[node];

    /// <summary>Whether any piece begins with this byte.</summary>
    public bool HasPieceStartingWith(byte first) => _nodes[_nodes[Root].Base + first].Parent == Root;

    /// <summary>Bytes of the longest piece that <paramref name="text"/> begins with; 0 where there is none.</summary>
    public int LongestPrefix(ReadOnlySpan<byte> text)
    {
        var longest = 0;
        var node = Root;
        for (var i = 0; i < text.Length; i++)
        {
            var child = _nodes[node].Base + text[i];
            if (_nodes[child].Parent != node)
            {
                break;
            }

            node = child;
            if (_nodes[node].Score > NoPiece)
            {
                longest = i + 1;
            }
        }

        return longest;
    }
}
