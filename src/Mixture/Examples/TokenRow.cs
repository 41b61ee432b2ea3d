namespace Temper.Mixture.Examples;

/// <summary>One example as ids, both sides with their end of sequence.</summary>
public readonly record struct TokenRow(ReadOnlyMemory<int> Inputs, ReadOnlyMemory<int> Targets);
