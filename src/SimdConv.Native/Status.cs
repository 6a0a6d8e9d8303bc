namespace SimdConv.Native;

/// <summary>simdconv_status.</summary>
internal enum Status
{
    Ok,
    InvalidArgument,
    InvalidHandle,
    NotSupported,
    OutOfMemory,
    InternalError,
    FileError,
}
