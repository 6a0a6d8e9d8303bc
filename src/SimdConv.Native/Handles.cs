namespace SimdConv.Native;

/// <summary>
/// What C holds of a plan or a filter: a number that is never used twice, so that a destroyed or foreign handle is refused, not
/// followed. Reading takes no lock.
/// </summary>
internal static class Handles
{
    private const int SlotBits = 20;

    private static readonly Lock Gate = new();
    private static readonly Stack<int> Free = new();
    private static Entry?[] entries = new Entry?[16];
    private static int used;
    private static long last;

    private sealed record Entry(nint Handle, object Value);

    public static nint Add(object value)
    {
        lock (Gate)
        {
            bool isReused = Free.TryPeek(out int slot);
            if (!isReused)
            {
                slot = used;
                if (slot >> SlotBits != 0)
                    throw new OutOfMemoryException($"{slot} plans and filters are alive; expected fewer.");
                if (slot == entries.Length)
                    Array.Resize(ref entries, 2 * slot);
            }

            nint handle = (nint)(((last + 1) << SlotBits) | (uint)slot);
            Entry entry = new(handle, value);

            // Nothing throws from here on, so that no slot is lost where memory runs out.
            last++;
            if (isReused)
                Free.Pop();
            else
                used++;
            Volatile.Write(ref entries[slot], entry);
            return handle;
        }
    }

    /// <summary>The object of a handle.</summary>
    /// <exception cref="InvalidHandleException">The handle has no object, or one of another kind.</exception>
    public static T Get<T>(nint handle, string argument)
        where T : class
    {
        Entry?[] table = Volatile.Read(ref entries);
        int slot = (int)handle & ((1 << SlotBits) - 1);
        return slot < table.Length && Volatile.Read(ref table[slot]) is { } entry && entry.Handle == handle
            && entry.Value is T value
            ? value
            : throw new InvalidHandleException($"{argument} is 0x{handle:x}; expected a living handle of its kind.");
    }

    /// <summary>Forgets a handle; NULL is allowed. Calls that are using its object keep the object alive.</summary>
    public static void Remove<T>(nint handle, string argument)
        where T : class
    {
        if (handle == 0)
            return;
        lock (Gate)
        {
            Get<T>(handle, argument);
            int slot = (int)handle & ((1 << SlotBits) - 1);
            Free.Push(slot);
            Volatile.Write(ref entries[slot], null);
        }
    }
}

/// <summary>A handle of no object, or of an object of another kind.</summary>
internal sealed class InvalidHandleException(string message) : Exception(message);
