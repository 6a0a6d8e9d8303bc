namespace SimdConv.Kernels;

/// <summary>A large window in blocks of taps, whose sums are added as a tree.</summary>
/// <param name="FirstRow">The first row of taps that is read; rows before it are zeros.</param>
/// <param name="AllRows">Rows of taps of the whole window.</param>
/// <param name="Rows">Rows of taps of a block.</param>
/// <param name="FirstColumn">The first column of taps that is read; columns before it are zeros.</param>
/// <param name="AllColumns">Columns of taps of the whole window.</param>
/// <param name="Columns">Columns of taps of a block.</param>
internal readonly record struct WindowBlocks(int FirstRow, int AllRows, int Rows, int FirstColumn, int AllColumns, int Columns);
