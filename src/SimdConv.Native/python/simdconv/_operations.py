"""The operations, on arrays."""
from __future__ import annotations

import functools
import math
import numbers
import os
import weakref
from ctypes import byref, c_double, c_int64, c_void_p, pointer, sizeof
from typing import Callable, Iterator, Optional, Sequence, Tuple, Union

import numpy as np

from . import _library as lib

Pair = Union[int, Tuple[int, int]]
_Sizes = Tuple[int, ...]
Padding = Union[int, str, Tuple[int, int], Tuple[int, int, int, int]]

ACTIVATIONS = {None: 0, "relu": 1, "relu6": 2, "leaky_relu": 3, "tanh": 4, "hard_swish": 5, "sigmoid": 6, "silu": 7, "gelu": 8,
               "hard_sigmoid": 9, "elu": 10, "clip": 11}
MOST_PLANS = 256  # of each kind: im2col, col2im and the layers keep the plans that were used last
_TYPES = {np.dtype(np.float32): 0, np.dtype(np.float64): 1}


def _type(dtype: np.dtype, name: str) -> int:
    if dtype not in _TYPES:
        raise TypeError(f"{name} has dtype {dtype}; expected float32 or float64")
    return _TYPES[dtype]


def _array(array: object, name: str) -> np.ndarray:
    if not isinstance(array, np.ndarray):
        raise TypeError(f"{name} is a {type(array).__name__}; expected a NumPy array")
    return array


def _check(array: np.ndarray, shape: Tuple[int, ...], dtype: np.dtype, name: str) -> int:
    """The address of an array that is as it has to be."""
    _array(array, name)
    if array.dtype != dtype:
        raise TypeError(f"{name} has dtype {array.dtype}; expected {dtype}")
    if array.shape != shape:
        raise ValueError(f"{name} has shape {array.shape}; expected {shape}")
    if not array.flags.c_contiguous:
        raise ValueError(f"{name} has strides {array.strides}; expected a C-contiguous array (numpy.ascontiguousarray makes one)")
    return array.ctypes.data


def _check_output(array: np.ndarray, shape: Tuple[int, ...], dtype: np.dtype, name: str) -> int:
    """The same, of an array that is written."""
    address = _check(array, shape, dtype, name)
    if not array.flags.writeable:
        raise ValueError(f"{name} is read-only; expected an array to write to")
    return address


def _out(out: Optional[np.ndarray], shape: Tuple[int, ...], dtype: np.dtype, name: str = "out") -> np.ndarray:
    if out is None:
        return np.empty(shape, dtype)
    _check_output(out, shape, dtype, name)
    return out


def _sizes(value: Sequence[int], counts: Tuple[int, ...], name: str, expected: str) -> Tuple[int, ...]:
    """As many integers as one of counts says."""
    try:
        sizes = tuple(value)
    except TypeError:
        raise TypeError(f"{name} is {value!r}; expected {expected}") from None
    if isinstance(value, str) or len(sizes) not in counts:
        raise ValueError(f"{name} is {value!r}; expected {expected}")
    return tuple(lib.integer(size, f"{name}[{i}]") for i, size in enumerate(sizes))


def _pair(value: Pair, name: str) -> Tuple[int, int]:
    if isinstance(value, numbers.Integral):
        return (lib.integer(value, name),) * 2
    return _sizes(value, (2,), name, "a number or (vertical, horizontal)")


def _padding(value: Padding, name: str = "padding") -> Tuple[int, int, int, int]:
    """Top, left, bottom, right."""
    if isinstance(value, numbers.Integral):
        return (lib.integer(value, name),) * 4
    if isinstance(value, str):
        raise ValueError(f"{name} is {value!r}; expected numbers")
    sizes = _sizes(value, (2, 4), name, "a number, (vertical, horizontal) or (top, left, bottom, right)")
    return sizes * 2 if len(sizes) == 2 else sizes


def _window(size: _Sizes, kernel: _Sizes, stride: Pair, padding: Padding, dilation: Pair) -> _Sizes:
    """Stride, padding and dilation as descriptors have them. Padding "same_upper" or "same_lower" leaves ceil(size / stride)
    windows, an odd pixel of it behind the image or before it."""
    strides, dilations = _pair(stride, "stride"), _pair(dilation, "dilation")
    if padding not in ("same_upper", "same_lower"):
        return strides + _padding(padding) + dilations
    before, after, sides = c_int64(), c_int64(), []
    for axis in zip(size, kernel, strides, dilations):
        lib.call("same_padding", *axis, padding == "same_lower", byref(before), byref(after))
        sides.append((before.value, after.value))
    return (*strides, *(side[0] for side in sides), *(side[1] for side in sides), *dilations)


def _flag(value: bool, name: str) -> int:
    if not isinstance(value, (bool, np.bool_)) and not (isinstance(value, numbers.Integral) and value in (0, 1)):
        raise TypeError(f"{name} is {value!r}; expected True or False")
    return int(value)


def _real(value: float, dtype: np.dtype, name: str) -> float:
    """A number that dtype can hold."""
    if not isinstance(value, numbers.Real):
        raise TypeError(f"{name} is {value!r}; expected a number")
    if not (isinstance(value, numbers.Integral) or math.isfinite(value)):
        return float(value)
    if abs(value) > float(np.finfo(dtype).max):
        raise ValueError(f"{name} is {value}; expected a number within the range of {dtype}")
    return float(value)


def _numbers(dtype: np.dtype, **values: Optional[float]) -> Iterator[object]:
    """Pointers to numbers; None is the default."""
    return (None if v is None else pointer(c_double(_real(v, dtype, name))) for name, v in values.items())


def _bias(bias: Optional[np.ndarray], m: int, n: int, dtype: np.dtype) -> Tuple[Optional[int], Optional[int], Optional[int]]:
    """The addresses of one element for all, of one a row, and of one a column."""
    if bias is None:
        return None, None, None
    shape = _array(bias, "bias").shape
    if bias.size == 1 and len(shape) <= 2:
        return _check(bias, shape, dtype, "bias"), None, None
    if shape in ((n,), (1, n)):
        return None, None, _check(bias, shape, dtype, "bias")
    return None, _check(bias, (m, 1), dtype, "bias"), None


def gemm(a: np.ndarray, b: np.ndarray, out: Optional[np.ndarray] = None, *, transpose_a: bool = False, transpose_b: bool = False,
         alpha: float = 1.0, beta: float = 0.0, bias: Optional[np.ndarray] = None, activation: Optional[str] = None,
         activation_alpha: Optional[float] = None, activation_beta: Optional[float] = None, threads: int = 1) -> np.ndarray:
    """activation(alpha * op(a) @ op(b) + beta * out + bias). bias is an array of one element, of a row ((n,) or (1, n)) or of a
    column ((m, 1)); the activation's numbers are as of activate."""
    for matrix, name in ((a, "a"), (b, "b")):
        if not isinstance(matrix, np.ndarray) or matrix.ndim != 2:
            raise TypeError(f"{name} is {getattr(matrix, 'shape', type(matrix).__name__)}; expected a matrix")
    kind, transpose_a, transpose_b = _type(a.dtype, "a"), _flag(transpose_a, "transpose_a"), _flag(transpose_b, "transpose_b")
    alpha, beta = _real(alpha, a.dtype, "alpha"), _real(beta, a.dtype, "beta")
    m, k = a.shape[::-1] if transpose_a else a.shape
    inner, n = b.shape[::-1] if transpose_b else b.shape
    if inner != k:
        raise ValueError(f"b has {inner} rows once transposed; expected {k}, the columns of a")
    if out is None and beta != 0:
        raise ValueError(f"beta is {beta:g} without out; expected 0")
    out = _out(out, (m, n), a.dtype)
    epilogue = lib.GemmEpilogue(sizeof(lib.GemmEpilogue), *_bias(bias, m, n, a.dtype), _activation(activation), 0,
                                *_numbers(a.dtype, activation_alpha=activation_alpha, activation_beta=activation_beta))
    lib.call("gemm", kind, transpose_a, transpose_b, m, n, k, alpha,
             _check(a, a.shape, a.dtype, "a"), max(1, a.shape[1]),
             _check(b, b.shape, a.dtype, "b"), max(1, b.shape[1]), beta,
             out.ctypes.data, max(1, n), byref(epilogue), byref(lib.execution(threads)))
    return out


def tanh(x: np.ndarray, out: Optional[np.ndarray] = None, *, scale: float = 1.0, threads: int = 1) -> np.ndarray:
    """scale * tanh(x), within 4 ulp; out may be x."""
    kind, out = _type(_array(x, "x").dtype, "x"), _out(out, x.shape, x.dtype)
    lib.call("tanh", kind, x.size, _check(x, x.shape, x.dtype, "x"), out.ctypes.data,
             _real(scale, x.dtype, "scale"), byref(lib.execution(threads)))
    return out


def relu(x: np.ndarray, out: Optional[np.ndarray] = None, *, threads: int = 1) -> np.ndarray:
    """max(x, 0); out may be x."""
    kind, out = _type(_array(x, "x").dtype, "x"), _out(out, x.shape, x.dtype)
    lib.call("relu", kind, x.size, _check(x, x.shape, x.dtype, "x"), out.ctypes.data, byref(lib.execution(threads)))
    return out


def _activation(activation: Optional[str]) -> int:
    if activation not in ACTIVATIONS:
        raise ValueError(f"activation is {activation!r}; expected one of {', '.join(map(repr, ACTIVATIONS))}")
    return ACTIVATIONS[activation]


def _optional(value: Optional[float], dtype: np.dtype, name: str) -> object:
    """A pointer to a number; None is the default."""
    return None if value is None else byref(c_double(_real(value, dtype, name)))


def activate(x: np.ndarray, activation: Optional[str], out: Optional[np.ndarray] = None, *, alpha: Optional[float] = None,
             beta: Optional[float] = None, threads: int = 1) -> np.ndarray:
    """Any activation; out may be x. alpha: tanh's scale, leaky ReLU's slope, the first number of hard_sigmoid, elu and clip,
    whose second one is beta; None is the default."""
    kind, out = _type(_array(x, "x").dtype, "x"), _out(out, x.shape, x.dtype)
    lib.call("activate", kind, _activation(activation), x.size, _check(x, x.shape, x.dtype, "x"), out.ctypes.data,
             _optional(alpha, x.dtype, "alpha"), _optional(beta, x.dtype, "beta"), byref(lib.execution(threads)))
    return out


def activate_gradient(x: np.ndarray, dy: np.ndarray, activation: Optional[str], out: Optional[np.ndarray] = None, *,
                      alpha: Optional[float] = None, beta: Optional[float] = None, threads: int = 1) -> np.ndarray:
    """dy times the activation's derivative at x; out may be x or dy."""
    kind, out = _type(_array(x, "x").dtype, "x"), _out(out, x.shape, x.dtype)
    lib.call("activate_gradient", kind, _activation(activation), x.size, _check(x, x.shape, x.dtype, "x"),
             _check(dy, x.shape, x.dtype, "dy"), out.ctypes.data, _optional(alpha, x.dtype, "alpha"),
             _optional(beta, x.dtype, "beta"), byref(lib.execution(threads)))
    return out


def _order(layout: str, name: str) -> str:
    """The axes of images as letters, outermost first."""
    if not isinstance(layout, str) or sorted(layout) != sorted("nchw"):
        raise ValueError(f"{name} is {layout!r}; expected 'nchw', 'nhwc', 'chwn' or another order of these letters")
    return layout


def copy_images(x: np.ndarray, source: str, target: str, out: Optional[np.ndarray] = None, *, threads: int = 1) -> np.ndarray:
    """Images from one layout to another, such as "nchw" to "chwn": x.transpose(...) as a C-contiguous array."""
    kind, source, target = _type(_array(x, "x").dtype, "x"), _order(source, "source"), _order(target, "target")
    if x.ndim != 4:
        raise ValueError(f"x has shape {x.shape}; expected 4 axes, {source}")
    address, sizes = _check(x, x.shape, x.dtype, "x"), dict(zip(source, x.shape))
    out = _out(out, tuple(sizes[axis] for axis in target), x.dtype)
    if x.size == 0:
        return out

    def strides(layout: str) -> object:
        return (c_int64 * 4)(*(math.prod(sizes[inner] for inner in layout[layout.index(axis) + 1:]) for axis in "nchw"))

    lib.call("images_copy", kind, *(sizes[axis] for axis in "nchw"), address, strides(source), out.ctypes.data, strides(target),
             byref(lib.execution(threads)))
    return out


class _Plan:
    """A handle that is given back when nobody holds the plan any more."""

    def __init__(self, create: str, destroy: str, descriptor: object, dtype: np.dtype) -> None:
        self._handle = lib.create(create, descriptor)
        self._finalizer = weakref.finalize(self, lib.call, destroy, self._handle)
        self.dtype = dtype

    def _output_size(self, name: str) -> Tuple[int, int]:
        p, q = c_int64(), c_int64()
        lib.call(name, self._handle, byref(p), byref(q))
        return p.value, q.value

    @staticmethod
    def _batch(array: np.ndarray, name: str) -> int:
        if not isinstance(array, np.ndarray) or array.ndim != 4:
            raise TypeError(f"{name} is {getattr(array, 'shape', type(array).__name__)}; expected an array of 4 dimensions")
        return array.shape[0]


class PackedFile:
    """A file of packed weights, mapped read-only: processes share its pages. verify=False leaves out the checksums of the data.

    Filters of the file are refused after close(). A damaged file is a SimdConvError.
    """

    def __init__(self, path: Union[str, os.PathLike], *, verify: bool = True) -> None:
        self._handle = c_void_p()
        lib.call("file_map", os.fsencode(path), _flag(verify, "verify"), byref(self._handle))
        self._finalizer = weakref.finalize(self, lib.call, "file_destroy", self._handle)

    def __len__(self) -> int:
        count = c_int64()
        lib.call("file_count", self._handle, byref(count))
        return count.value

    def close(self) -> None:
        """Gives the memory back when the last call that is using it has ended."""
        self._finalizer()


class Filter:
    """Weights that a plan has packed once for many calls. Not to be repacked while a call uses it."""

    def __init__(self, plan: "Conv2D", handle: c_void_p, file: Optional[PackedFile] = None) -> None:
        self._plan, self._handle, self._file = plan, handle, file
        self._finalizer = weakref.finalize(self, lib.call, "filter_destroy", self._handle)

    def save(self, path: Union[str, os.PathLike], weights: Optional[np.ndarray] = None, *, append: bool = False) -> None:
        """Writes the filter to a file, or behind what the file has; with its weights, for processes on other CPUs to pack."""
        data = None if weights is None else _check(weights, self._plan.weight_shape, self._plan.dtype, "weights")
        lib.call("conv2d_save", self._plan._handle, self._handle, data, os.fsencode(path), _flag(append, "append"))

    def repack(self, weights: np.ndarray) -> None:
        """Takes new weights; nothing is allocated."""
        lib.call("conv2d_repack", self._plan._handle, _check(weights, self._plan.weight_shape, self._plan.dtype, "weights"),
                 self._handle)


class Conv2D(_Plan):
    """A 2-D convolution (cross-correlation) of N x C x H x W images: geometry without weights or batch size, made once and
    used often.

    input_shape is (C, H, W), weight_shape (K, C/groups, R, S); y is N x K x P x Q. Padding may be "same_upper" or "same_lower"
    too: P = ceil(H / stride), an odd row below or above the image, and columns likewise.
    """

    def __init__(self, input_shape: Tuple[int, int, int], weight_shape: Tuple[int, int, int, int], *, stride: Pair = 1,
                 padding: Padding = 0, dilation: Pair = 1, groups: int = 1, dtype: object = np.float32) -> None:
        dtype = np.dtype(dtype)
        c, h, w = _sizes(input_shape, (3,), "input_shape", "(C, H, W)")
        k, c_per_group, r, s = _sizes(weight_shape, (4,), "weight_shape", "(K, C/groups, R, S)")
        groups = lib.integer(groups, "groups")
        if groups < 1 or c_per_group * groups != c:
            raise ValueError(f"weight_shape is {tuple(weight_shape)} in {groups} groups; expected {c} input channels in all")
        descriptor = lib.ConvDescriptor(sizeof(lib.ConvDescriptor), _type(dtype, "dtype"), 0, c, h, w, k, r, s,
                                        *_window((h, w), (r, s), stride, padding, dilation), groups)
        super().__init__("conv2d_create", "conv2d_destroy", descriptor, dtype)
        self.input_shape, self.weight_shape = (c, h, w), (k, c_per_group, r, s)
        self.output_shape = (k, *self._output_size("conv2d_output_size"))

    def pack(self, weights: np.ndarray) -> Filter:
        """Weights laid out for the forward pass and the input gradient."""
        handle = c_void_p()
        lib.call("conv2d_pack", self._handle, _check(weights, self.weight_shape, self.dtype, "weights"), 3, -1, byref(handle))
        return Filter(self, handle)

    def load(self, file: PackedFile, index: int) -> Filter:
        """The filter of that number in a file: in place, or packed from the weights that the file may have too."""
        if not isinstance(file, PackedFile):
            raise TypeError(f"file is a {type(file).__name__}; expected a PackedFile")
        handle = c_void_p()
        lib.call("conv2d_load", self._handle, file._handle, lib.integer(index, "index"), 3, -1, byref(handle))
        return Filter(self, handle, file)

    def forward(self, x: np.ndarray, weights: Union[np.ndarray, Filter], bias: Optional[np.ndarray] = None,
                out: Optional[np.ndarray] = None, *, residual: Optional[np.ndarray] = None,
                adds_residual_last: bool = False, activation: Optional[str] = None, scale: float = 1.0, slope: float = 0.01,
                alpha: Optional[float] = None, beta: Optional[float] = None, threads: int = 1) -> np.ndarray:
        """activation(x * weights + bias + residual), or activation(x * weights + bias) + residual with adds_residual_last. scale
        is tanh's, slope leaky ReLU's; alpha and beta as of activate."""
        n, scale, slope = self._batch(x, "x"), _real(scale, self.dtype, "scale"), _real(slope, self.dtype, "slope")
        function, shape = _activation(activation), (n, *self.output_shape)
        out = _out(out, shape, self.dtype)
        epilogue = lib.Epilogue(sizeof(lib.Epilogue), None if bias is None else _check(bias, (shape[1],), self.dtype, "bias"),
                                None if residual is None else _check(residual, shape, self.dtype, "residual"),
                                function, _flag(adds_residual_last, "adds_residual_last"), scale, slope,
                                *_numbers(self.dtype, alpha=alpha, beta=beta))
        lib.call("conv2d_forward", self._handle, n, _check(x, (n, *self.input_shape), self.dtype, "x"), *self._weights(weights),
                 out.ctypes.data, byref(epilogue), byref(lib.execution(threads)))
        return out

    def input_gradient(self, dy: np.ndarray, weights: Union[np.ndarray, Filter], out: Optional[np.ndarray] = None, *,
                       beta: float = 0.0, threads: int = 1) -> np.ndarray:
        """dx, plus beta * out: the transposed convolution of dy."""
        n, beta = self._batch(dy, "dy"), _real(beta, self.dtype, "beta")
        if out is None and beta != 0:
            raise ValueError(f"beta is {beta:g} without out; expected 0")
        out = _out(out, (n, *self.input_shape), self.dtype)
        lib.call("conv2d_input_gradient", self._handle, n, _check(dy, (n, *self.output_shape), self.dtype, "dy"),
                 *self._weights(weights), out.ctypes.data, beta, byref(lib.execution(threads)))
        return out

    def weight_gradient(self, x: np.ndarray, dy: np.ndarray, out: Optional[Tuple[np.ndarray, np.ndarray]] = None, *,
                        beta: float = 0.0, threads: int = 1) -> Tuple[np.ndarray, np.ndarray]:
        """(dw, db), plus beta * out."""
        n, beta = self._batch(x, "x"), _real(beta, self.dtype, "beta")
        if out is None and beta != 0:
            raise ValueError(f"beta is {beta:g} without out; expected 0")
        if out is not None and (not isinstance(out, (tuple, list)) or len(out) != 2):
            raise TypeError(f"out is a {type(out).__name__}; expected (dw, db)")
        dw, db = out if out is not None else (None, None)
        if beta != 0 and (dw is None or db is None):
            raise ValueError(f"beta is {beta:g} without {'out[0]' if dw is None else 'out[1]'}; expected 0")
        dw, db = _out(dw, self.weight_shape, self.dtype, "out[0]"), _out(db, self.weight_shape[:1], self.dtype, "out[1]")
        lib.call("conv2d_weight_gradient", self._handle, n, _check(x, (n, *self.input_shape), self.dtype, "x"),
                 _check(dy, (n, *self.output_shape), self.dtype, "dy"), dw.ctypes.data, db.ctypes.data, beta,
                 byref(lib.execution(threads)))
        return dw, db

    def im2col(self, x: np.ndarray, out: Optional[np.ndarray] = None, *, threads: int = 1) -> np.ndarray:
        """The columns (C*R*S) x (N*P*Q) of all images side by side."""
        return self._unfold(x, out, threads, "x")

    def col2im(self, columns: np.ndarray, out: Optional[np.ndarray] = None, *, threads: int = 1) -> np.ndarray:
        """The adjoint of im2col: each pixel is the sum of the elements that were taken from it."""
        width = self._columns()[1]
        n = columns.shape[1] // width if isinstance(columns, np.ndarray) and columns.ndim == 2 else 0
        return self._fold(n, columns, out, threads, "columns")

    def _unfold(self, x: np.ndarray, out: Optional[np.ndarray], threads: int, name: str) -> np.ndarray:
        n, (rows, columns) = self._batch(x, name), self._columns()
        out = _out(out, (rows, n * columns), self.dtype)
        lib.call("im2col", self._handle, n, _check(x, (n, *self.input_shape), self.dtype, name), out.ctypes.data,
                 n * columns, columns, byref(lib.execution(threads)))
        return out

    def _fold(self, n: int, columns: np.ndarray, out: Optional[np.ndarray], threads: int, name: str) -> np.ndarray:
        rows, width = self._columns()
        address = _check(columns, (rows, n * width), self.dtype, name)
        out = _out(out, (n, *self.input_shape), self.dtype)
        lib.call("col2im", self._handle, n, address, n * width, width, out.ctypes.data, byref(lib.execution(threads)))
        return out

    def _columns(self) -> Tuple[int, int]:
        return math.prod(self.weight_shape[1:]), math.prod(self.output_shape[1:])

    def _weights(self, weights: Union[np.ndarray, Filter]) -> Tuple[object, object]:
        if isinstance(weights, Filter):
            return weights._handle, None
        return None, _check(weights, self.weight_shape, self.dtype, "weights")


class Pool2D(_Plan):
    """Max or average pooling with PyTorch's rules. input_shape is (C, H, W); stride is the window unless given; padding
    as of Conv2D."""

    def __init__(self, kind: str, input_shape: Tuple[int, int, int], window: Pair, *, stride: Optional[Pair] = None,
                 padding: Padding = 0, dilation: Pair = 1, ceil_mode: bool = False, count_include_pad: bool = True,
                 divisor_override: Optional[int] = None, dtype: object = np.float32) -> None:
        if kind not in ("max", "average"):
            raise ValueError(f"kind is {kind!r}; expected 'max' or 'average'")
        dtype, window = np.dtype(dtype), _pair(window, "window")
        input_shape = _sizes(input_shape, (3,), "input_shape", "(C, H, W)")
        divisor = 0 if divisor_override is None else lib.integer(divisor_override, "divisor_override")
        if divisor_override is not None and divisor == 0:
            raise ValueError("divisor_override is 0; expected None or another number than 0")
        descriptor = lib.PoolDescriptor(sizeof(lib.PoolDescriptor), _type(dtype, "dtype"), int(kind == "average"), *input_shape,
                                        *window, *_window(input_shape[1:], window, window if stride is None else stride,
                                                          padding, dilation), _flag(ceil_mode, "ceil_mode"),
                                        _flag(count_include_pad, "count_include_pad"), divisor)
        super().__init__("pool2d_create", "pool2d_destroy", descriptor, dtype)
        self.kind, self.input_shape = kind, input_shape
        self.output_shape = (input_shape[0], *self._output_size("pool2d_output_size"))

    def winners(self, batch: int) -> np.ndarray:
        """An array for the winners of a batch: which tap of its window each output element is."""
        return np.empty(self._winner_bytes(batch), np.uint8)

    def forward(self, x: np.ndarray, out: Optional[np.ndarray] = None, *, winners: Optional[np.ndarray] = None,
                threads: int = 1) -> np.ndarray:
        """Pooled x; winners, from winners(), are what backward of max pooling needs."""
        n = self._batch(x, "x")
        out = _out(out, (n, *self.output_shape), self.dtype)
        lib.call("pool2d_forward", self._handle, n, _check(x, (n, *self.input_shape), self.dtype, "x"), out.ctypes.data,
                 self._winners(winners, n, _check_output), byref(lib.execution(threads)))
        return out

    def backward(self, dy: np.ndarray, out: Optional[np.ndarray] = None, *, winners: Optional[np.ndarray] = None,
                 threads: int = 1) -> np.ndarray:
        """The gradient with respect to x."""
        n = self._batch(dy, "dy")
        out = _out(out, (n, *self.input_shape), self.dtype)
        lib.call("pool2d_backward", self._handle, n, _check(dy, (n, *self.output_shape), self.dtype, "dy"),
                 self._winners(winners, n), out.ctypes.data, byref(lib.execution(threads)))
        return out

    def indices(self, winners: np.ndarray, batch: int) -> np.ndarray:
        """Winners as PyTorch's indices, h * W + w; -1 for a number that is no tap of its window in the image."""
        address = self._winners(_array(winners, "winners"), batch)
        out = np.empty((batch, *self.output_shape), np.int64)
        lib.call("pool2d_indices", self._handle, batch, address, out.ctypes.data)
        return out

    def _winner_bytes(self, batch: int) -> int:
        count = c_int64()
        lib.call("pool2d_winner_bytes", self._handle, lib.integer(batch, "batch"), byref(count))
        return count.value

    def _winners(self, winners: Optional[np.ndarray], batch: int, check: Callable[..., int] = _check) -> Optional[int]:
        return None if winners is None else check(winners, (self._winner_bytes(batch),), np.dtype(np.uint8), "winners")


@functools.lru_cache(maxsize=MOST_PLANS)
def _conv_plan(input_shape: _Sizes, weight_shape: _Sizes, stride: _Sizes, padding: _Sizes, dtype: np.dtype) -> Conv2D:
    return Conv2D(input_shape, weight_shape, stride=stride, padding=padding, dtype=dtype)


@functools.lru_cache(maxsize=MOST_PLANS)
def _average_plan(input_shape: _Sizes, window: _Sizes, stride: _Sizes, padding: _Sizes, dtype: np.dtype) -> Pool2D:
    return Pool2D("average", input_shape, window, stride=stride, padding=padding, dtype=dtype)


def _columns_plan(input_shape: Tuple[int, ...], HF: int, WF: int, stride: Pair, pad: Padding, dtype: np.dtype) -> Conv2D:
    weight_shape = (1, input_shape[0], lib.integer(HF, "HF"), lib.integer(WF, "WF"))
    return _conv_plan(input_shape, weight_shape, _pair(stride, "stride"), _padding(pad, "pad"), dtype)


def im2col(X: np.ndarray, HF: int, WF: int, stride: Pair, pad: Padding, *, out: Optional[np.ndarray] = None,
           threads: int = 1) -> np.ndarray:
    """Drop-in for the tutorial's im2col: images N x C x H x W to columns (C*HF*WF) x (N*P*Q), all images side by side."""
    _Plan._batch(X, "X")
    _type(X.dtype, "X")
    return _columns_plan(X.shape[1:], HF, WF, stride, pad, X.dtype)._unfold(X, out, threads, "X")


def col2im(dX_col: np.ndarray, X_shape: Tuple[int, int, int, int], HF: int, WF: int, stride: Pair, pad: Padding, *,
           out: Optional[np.ndarray] = None, threads: int = 1) -> np.ndarray:
    """Drop-in for the tutorial's col2im: the sum of the columns at the pixels of N x C x H x W images."""
    _type(_array(dX_col, "dX_col").dtype, "dX_col")
    n, *image = _sizes(X_shape, (4,), "X_shape", "(N, C, H, W)")
    if n < 0:
        raise ValueError(f"X_shape[0] is {n}; expected 0 or more")
    return _columns_plan(tuple(image), HF, WF, stride, pad, dX_col.dtype)._fold(n, dX_col, out, threads, "dX_col")
