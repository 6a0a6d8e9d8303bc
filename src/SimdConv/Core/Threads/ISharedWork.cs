namespace SimdConv.Core;

/// <summary>
/// Work of one call that several threads may share: items that depend on no other item. A ref struct on the caller's stack, which
/// outlasts every part of the call.
/// </summary>
internal interface ISharedWork
{
    /// <summary>
    /// One part of the call: works on items until the queue has none left. Parts run at the same time, each on a thread of its
    /// own.
    /// </summary>
    void Run(ref WorkQueue queue);
}
