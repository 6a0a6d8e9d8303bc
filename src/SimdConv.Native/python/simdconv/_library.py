"""The shared library: where it is found, its structs, and how a status becomes an exception."""
from __future__ import annotations

import ctypes
import operator
import os
from ctypes import POINTER, byref, c_char_p, c_double, c_float, c_int32, c_int64, c_size_t, c_void_p
from pathlib import Path

ABI_VERSION = 1


class SimdConvError(RuntimeError):
    """A failure that is not the caller's: no memory, no such tier, or a fault of the library."""


class Execution(ctypes.Structure):
    _fields_ = [("struct_size", c_size_t), ("max_threads", c_int32), ("tier", c_int32), ("run", c_void_p),
                ("run_context", c_void_p)]


class Epilogue(ctypes.Structure):
    _fields_ = [("struct_size", c_size_t), ("bias", c_void_p), ("residual", c_void_p), ("activation", c_int32),
                ("adds_residual_last", c_int32), ("scale", c_double), ("slope", c_double), ("alpha", POINTER(c_double)),
                ("beta", POINTER(c_double))]


class GemmEpilogue(ctypes.Structure):
    _fields_ = [("struct_size", c_size_t), ("bias", c_void_p), ("row_bias", c_void_p), ("column_bias", c_void_p),
                ("activation", c_int32), ("reserved", c_int32), ("alpha", POINTER(c_double)), ("beta", POINTER(c_double))]


_WINDOW = [(name, c_int64) for name in ("stride_h", "stride_w", "pad_top", "pad_left", "pad_bottom", "pad_right", "dilation_h",
                                        "dilation_w")]
_STRIDES = [("x_strides", c_int64 * 4), ("y_strides", c_int64 * 4)]


class ConvDescriptor(ctypes.Structure):
    _fields_ = [("struct_size", c_size_t), ("type", c_int32), ("reserved", c_int32),
                *[(name, c_int64) for name in ("c", "h", "w", "k", "r", "s")], *_WINDOW, ("groups", c_int64), *_STRIDES]


class PoolDescriptor(ctypes.Structure):
    _fields_ = [("struct_size", c_size_t), ("type", c_int32), ("kind", c_int32),
                *[(name, c_int64) for name in ("c", "h", "w", "r", "s")], *_WINDOW, ("ceil_mode", c_int32),
                ("count_include_pad", c_int32), ("divisor_override", c_int64), *_STRIDES]


# What each function takes; all of these give a status. A filter or a plan is a handle.
_PLAN, _BATCH, _DATA, _RUN = c_void_p, c_int64, c_void_p, POINTER(Execution)
_CALLS = {
    "gemm": [c_int32, c_int32, c_int32, c_int64, c_int64, c_int64, c_double, _DATA, c_int64, _DATA, c_int64, c_double, _DATA,
             c_int64, POINTER(GemmEpilogue), _RUN],
    "gemm_f32": [c_int32, c_int32, c_int64, c_int64, c_int64, c_float, _DATA, c_int64, _DATA, c_int64, c_float, _DATA, c_int64,
                 _RUN],
    "gemm_f64": [c_int32, c_int32, c_int64, c_int64, c_int64, c_double, _DATA, c_int64, _DATA, c_int64, c_double, _DATA, c_int64,
                 _RUN],
    "conv2d_create": [POINTER(ConvDescriptor), POINTER(c_void_p)],
    "conv2d_destroy": [_PLAN],
    "conv2d_output_size": [_PLAN, POINTER(c_int64), POINTER(c_int64)],
    "conv2d_pack": [_PLAN, _DATA, c_int32, c_int32, POINTER(c_void_p)],
    "conv2d_repack": [_PLAN, _DATA, c_void_p],
    "filter_destroy": [c_void_p],
    "conv2d_save": [_PLAN, c_void_p, _DATA, c_char_p, c_int32],
    "conv2d_load": [_PLAN, c_void_p, c_int64, c_int32, c_int32, POINTER(c_void_p)],
    "file_map": [c_char_p, c_int32, POINTER(c_void_p)],
    "file_count": [c_void_p, POINTER(c_int64)],
    "file_destroy": [c_void_p],
    "conv2d_forward": [_PLAN, _BATCH, _DATA, c_void_p, _DATA, _DATA, POINTER(Epilogue), _RUN],
    "conv2d_input_gradient": [_PLAN, _BATCH, _DATA, c_void_p, _DATA, _DATA, c_double, _RUN],
    "conv2d_weight_gradient": [_PLAN, _BATCH, _DATA, _DATA, _DATA, _DATA, c_double, _RUN],
    "im2col": [_PLAN, _BATCH, _DATA, _DATA, c_int64, c_int64, _RUN],
    "col2im": [_PLAN, _BATCH, _DATA, c_int64, c_int64, _DATA, _RUN],
    "pool2d_create": [POINTER(PoolDescriptor), POINTER(c_void_p)],
    "pool2d_destroy": [_PLAN],
    "pool2d_output_size": [_PLAN, POINTER(c_int64), POINTER(c_int64)],
    "pool2d_winner_bytes": [_PLAN, _BATCH, POINTER(c_int64)],
    "pool2d_forward": [_PLAN, _BATCH, _DATA, _DATA, _DATA, _RUN],
    "pool2d_backward": [_PLAN, _BATCH, _DATA, _DATA, _DATA, _RUN],
    "pool2d_indices": [_PLAN, _BATCH, _DATA, _DATA],
    "tanh": [c_int32, c_int64, _DATA, _DATA, c_double, _RUN],
    "relu": [c_int32, c_int64, _DATA, _DATA, _RUN],
    "activate": [c_int32, c_int32, c_int64, _DATA, _DATA, POINTER(c_double), POINTER(c_double), _RUN],
    "activate_gradient": [c_int32, c_int32, c_int64, _DATA, _DATA, _DATA, POINTER(c_double), POINTER(c_double), _RUN],
    "same_padding": [*[c_int64] * 4, c_int32, POINTER(c_int64), POINTER(c_int64)],
    "images_copy": [c_int32, *[c_int64] * 4, _DATA, POINTER(c_int64), _DATA, POINTER(c_int64), _RUN],
}


def _load() -> ctypes.CDLL:
    named = os.environ.get("SIMDCONV_LIBRARY")
    installed = Path(__file__).resolve().parents[4]  # <prefix>/share/simdconv/python/simdconv
    candidates = [named] if named else [*sorted(map(str, installed.glob("lib*/**/libsimdconv.so"))), "libsimdconv.so.1"]
    errors = []
    for candidate in candidates:
        try:
            library = ctypes.CDLL(candidate)
            break
        except OSError as error:
            errors.append(str(error))
    else:
        raise ImportError("libsimdconv.so was not found; set SIMDCONV_LIBRARY to its path: " + "; ".join(errors))
    library.simdconv_version.restype = library.simdconv_tier_name.restype = c_char_p
    library.simdconv_last_error.argtypes, library.simdconv_last_error.restype = [c_char_p, c_size_t], c_size_t
    found = library.simdconv_abi_version()
    if found == 0:
        raise ImportError(f"{candidate} was found, but not the library for this CPU: {_last_error(library)}")
    if found != ABI_VERSION:
        raise ImportError(f"{candidate} has ABI version {found}; expected {ABI_VERSION}")
    for name, arguments in _CALLS.items():
        function = getattr(library, "simdconv_" + name)
        function.argtypes, function.restype = arguments, c_int32
    return library


def _last_error(library: ctypes.CDLL) -> str:
    message = ctypes.create_string_buffer(library.simdconv_last_error(None, 0) + 1)
    library.simdconv_last_error(message, len(message))
    return message.value.decode()


_LIBRARY = _load()


def call(name: str, *arguments: object) -> None:
    """Calls simdconv_<name>; a bad argument is a ValueError, anything else a SimdConvError."""
    status = getattr(_LIBRARY, "simdconv_" + name)(*arguments)
    if status != 0:
        raise (ValueError if status in (1, 2) else SimdConvError)(_last_error(_LIBRARY))


def create(name: str, descriptor: ctypes.Structure) -> c_void_p:
    handle = c_void_p()
    call(name, byref(descriptor), byref(handle))
    return handle


def integer(value: object, name: str) -> int:
    """An integer of 32 bits, as all sizes are: ctypes would cut off the bits above its type without a word."""
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} is {value!r}; expected an integer") from None
    if not -2**31 <= number < 2**31:
        raise ValueError(f"{name} is {number}; expected a number of 32 bits")
    return number


def execution(threads: int) -> Execution:
    return Execution(ctypes.sizeof(Execution), integer(threads, "threads"), -1, None, None)


def version() -> str:
    """The version of the shared library."""
    return _LIBRARY.simdconv_version().decode()


def tier() -> str:
    """The instruction-set tier that calls use: the best one of this CPU, or the one that SIMDCONV_TIER narrows it to."""
    best = _LIBRARY.simdconv_tier_best()
    if best < 0:
        raise SimdConvError(_last_error(_LIBRARY))
    return _LIBRARY.simdconv_tier_name(best).decode()
