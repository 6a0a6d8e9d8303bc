namespace SimdConv.Core;

/// <summary>What tests are told of a call, on the thread that does the work.</summary>
internal interface ICallListener
{
    /// <summary>A part begins to work on an item of a call that is shared out between threads.</summary>
    void Work();

    /// <summary>A loop nest takes a path, or begins item <paramref name="index"/> of something: a strip, for example.</summary>
    void Reach(string what, long index);

    /// <summary>A call takes scratch memory; where it returns the memory, bytes are negative.</summary>
    void Take(long bytes);
}
