using System.Runtime.InteropServices;
using static SimdConv.Native.Arguments;

namespace SimdConv.Native;

/// <summary>Packed weights in files, for C.</summary>
internal static unsafe class FileExports
{
    [UnmanagedCallersOnly(EntryPoint = "simdconv_file_map")]
    public static int Map(byte* path, int verify, nint* file)
    {
        try
        {
            RequirePointer(file);
            *file = Handles.Add(PackedFile.Map(Text(path, nameof(path)), verify: Flag(verify)));
            return (int)Status.Ok;
        }
        catch (Exception exception)
        {
            return Errors.Report(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "simdconv_file_count")]
    public static int Count(nint file, long* count)
    {
        try
        {
            PackedFile packed = Handles.Get<PackedFile>(file, nameof(file));
            RequirePointer(count);
            *count = packed.Count;
            return (int)Status.Ok;
        }
        catch (Exception exception)
        {
            return Errors.Report(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "simdconv_file_destroy")]
    public static int Close(nint file)
    {
        try
        {
            PackedFile? packed = file == 0 ? null : Handles.Get<PackedFile>(file, nameof(file));
            Handles.Remove<PackedFile>(file, nameof(file));
            packed?.Dispose();
            return (int)Status.Ok;
        }
        catch (Exception exception)
        {
            return Errors.Report(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "simdconv_conv2d_save")]
    public static int Save(nint plan, nint filter, void* weights, byte* path, int append)
    {
        try
        {
            NativeConv conv = Handles.Get<NativeConv>(plan, nameof(plan));
            NativeFilter packed = Handles.Get<NativeFilter>(filter, nameof(filter));
            FileMode mode = Flag(append) ? FileMode.Append : FileMode.Create;
            string name = Text(path, nameof(path));
            conv.RequireOwn(packed, weights);
            using FileStream stream = new(name, mode, FileAccess.Write);
            conv.Save(packed, weights, stream);
            return (int)Status.Ok;
        }
        catch (Exception exception)
        {
            return Errors.Report(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "simdconv_conv2d_load")]
    public static int Load(nint plan, nint file, long index, int use, int tier, nint* filter)
    {
        try
        {
            NativeConv conv = Handles.Get<NativeConv>(plan, nameof(plan));
            PackedFile packed = Handles.Get<PackedFile>(file, nameof(file));
            RequirePointer(filter);
            *filter = Handles.Add(
                conv.Load(packed, Int(index), (FilterUse)use, NativeExecution.ReadTier(tier, nameof(tier))));
            return (int)Status.Ok;
        }
        catch (Exception exception)
        {
            return Errors.Report(exception);
        }
    }

    private static string Text(byte* text, string argument) => text == null
        ? throw Error(argument, "NULL", "the name of a file")
        : Marshal.PtrToStringUTF8((nint)text)!;
}
