namespace SimdConv;

/// <summary>Keeps the memory of a file, if there is one, until the end of a call that reads it.</summary>
internal readonly ref struct FileHold
{
    private readonly PackedFile? file;

    public FileHold(PackedFile? file)
    {
        file?.Hold();
        this.file = file;
    }

    public void Dispose() => file?.Let();
}
