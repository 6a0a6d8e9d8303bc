namespace SimdConv.Loops;

/// <summary>Rows of dY: element (output, row, i) is at Data + output*NextOutput + row*NextRow + i.</summary>
internal unsafe struct PlaneRows<T>
    where T : unmanaged
{
    public T* Data;
    public nint NextOutput, NextRow;
    public int Rows, Width;
}
