"""The Python package against NumPy, and what it refuses."""
import gc
import os
import re
import shutil
import subprocess
import sys
import tempfile

import numpy as np

import simdconv
from simdconv import _library, _operations, layers

failures = 0
rng = np.random.default_rng(3)


def check(name, condition):
    global failures
    if not condition:
        failures += 1
        print(name, "is wrong")


def refused(kind, text, function, *arguments, **named):
    global failures
    try:
        function(*arguments, **named)
    except kind as error:
        if text in str(error):
            return
        print(f"expected {text!r} in: {error}")
    except Exception as error:
        print(f"expected {kind.__name__}, not {type(error).__name__}: {error}")
    else:
        print(f"{text!r} was not refused")
    failures += 1


def whole(*shape, dtype):
    return rng.integers(-8, 8, shape).astype(dtype)


def windows_of(x, window, stride, padding, dilation, fill=0):
    """N x C x P x Q x R x S; stride and dilation are (vertical, horizontal), padding is (top, left, bottom, right)."""
    top, left, bottom, right = padding
    x = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)), constant_values=fill)
    reach = [(size - 1) * step + 1 for size, step in zip(window, dilation)]
    windows = np.lib.stride_tricks.sliding_window_view(x, reach, axis=(2, 3))
    return windows[:, :, :: stride[0], :: stride[1], :: dilation[0], :: dilation[1]]


def plain(x, w, stride, padding, groups, dilation=(1, 1)):
    windows = windows_of(x, w.shape[2:], stride, padding, dilation)
    parts = [np.einsum("ncpqrs,kcrs->nkpq", wx, wk) for wx, wk in zip(np.split(windows, groups, 1), np.split(w, groups))]
    return np.concatenate(parts, axis=1)


def child(code, **environment):
    """What a process of its own wrote, and its exit code; negative where a signal ended it."""
    launcher = os.environ.get("SIMDCONV_TEST_LAUNCHER", "").split()  # what runs programs of an emulated CPU
    command = [*launcher, sys.executable, "-c", code]
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True)
    return done.stdout + done.stderr, done.returncode


check("version", simdconv.__version__.count(".") == 2 and re.fullmatch("[a-z]+[0-9]*", simdconv.tier()))
for dtype in (np.float32, np.float64):
    a, b, c = whole(7, 9, dtype=dtype), whole(9, 5, dtype=dtype), whole(7, 5, dtype=dtype)
    check("gemm", np.array_equal(simdconv.gemm(a, b), a @ b))
    for shape in ((), (1,), (1, 1), b.shape[1:], (1, b.shape[1]), (a.shape[0], 1)):
        addend = whole(*shape, dtype=dtype).reshape(shape)
        check(f"gemm with a bias of {shape}", np.array_equal(simdconv.gemm(a, b, bias=addend, activation="relu"),
                                                            np.maximum(a @ b + addend, 0)))
    check("gemm, turned",
          np.array_equal(simdconv.gemm(a.T.copy(), b.T.copy(), transpose_a=True, transpose_b=True, threads=2), a @ b))
    expected = 2 * a @ b - c
    check("gemm into out", simdconv.gemm(a, b, c, alpha=2, beta=-1) is c and np.array_equal(c, expected))
    for stride, pad, groups in ((1, 1, 1), (2, 1, 1), (1, 0, 2), (2, 2, 6)):
        x, w = whole(3, 6, 9, 9, dtype=dtype), whole(12, 6 // groups, 3, 3, dtype=dtype)
        plan = simdconv.Conv2D((6, 9, 9), w.shape, stride=stride, padding=pad, groups=groups, dtype=dtype)
        expected, bias = plain(x, w, (stride, stride), (pad,) * 4, groups), whole(12, dtype=dtype)
        packed = plan.pack(w)
        check("forward", np.array_equal(plan.forward(x, w), expected)
              and np.array_equal(plan.forward(x, packed, threads=2), expected))
        with tempfile.TemporaryDirectory() as folder:
            packed.save(os.path.join(folder, "weights"), w)
            packed.save(os.path.join(folder, "weights"), append=True)
            file = simdconv.PackedFile(os.path.join(folder, "weights"))
            loaded = [plan.load(file, i) for i in range(len(file))]
            check("packed file", len(loaded) == 2
                  and all(np.array_equal(plan.forward(x, some, threads=2), expected) for some in loaded))
            refused(ValueError, "index is 2", plan.load, file, 2)
            refused(ValueError, "into", loaded[0].repack, w)
            file.close()
            refused(ValueError, "disposed", plan.forward, x, loaded[1])
            refused(simdconv.SimdConvError, "", simdconv.PackedFile, os.path.join(folder, "none"))
        fused = plan.forward(x, packed, bias, residual=expected, activation="relu")
        swished = plan.forward(x, packed, activation="hard_swish")
        check("hard swish", np.allclose(swished, expected * np.clip(expected + 3, 0, 6) / 6, rtol=1e-6))
        added = plan.forward(x, packed, bias, residual=expected, adds_residual_last=True, activation="relu")
        check("residual last", np.array_equal(added, np.maximum(expected + bias[:, None, None], 0) + expected))
        check("epilogue", np.array_equal(fused, np.maximum(2 * expected + bias[:, None, None], 0)))
        dy = whole(*expected.shape, dtype=dtype)
        dx, (dw, db) = plan.input_gradient(dy, packed), plan.weight_gradient(x, dy)
        inner = (dy * expected).sum()
        check("gradients", (dx * x).sum() == inner and (dw * w).sum() == inner and np.array_equal(db, dy.sum((0, 2, 3))))
        check("beta", np.array_equal(plan.input_gradient(dy, w, dx.copy(), beta=1), 2 * dx))
    # Nothing is square: images, kernels, strides, dilations, and padding on four sides.
    for stride, padding, dilation, groups in (((1, 2), (2, 0, 1, 3), (1, 1), 1), ((2, 1), (0, 1, 2, 0), (2, 1), 1),
                                              ((3, 2), (1, 4, 0, 2), (1, 3), 2)):
        x, w = whole(2, 4, 9, 13, dtype=dtype), whole(6, 4 // groups, 2, 3, dtype=dtype)
        plan = simdconv.Conv2D((4, 9, 13), w.shape, stride=stride, padding=padding, dilation=dilation, groups=groups, dtype=dtype)
        expected = plain(x, w, stride, padding, groups, dilation)
        check("forward, not square", plan.output_shape == expected.shape[1:] and np.array_equal(plan.forward(x, w), expected))
        dy = whole(*expected.shape, dtype=dtype)
        dx, (dw, db) = plan.input_gradient(dy, w), plan.weight_gradient(x, dy)
        check("gradients, not square", (dx * x).sum() == (dy * expected).sum() == (dw * w).sum()
              and np.array_equal(db, dy.sum((0, 2, 3))))
        if groups == 1:
            windows = windows_of(x, (2, 3), stride, padding, dilation)
            columns = plan.im2col(x)
            check("im2col, not square", np.array_equal(columns, windows.transpose(1, 4, 5, 0, 2, 3).reshape(24, -1)))
            check("col2im, not square", (plan.col2im(columns) * x).sum() == (columns**2).sum())
    pair = (whole(4, 9, 13, dtype=dtype)[None], 2, 3, (2, 1), (1, 0))
    windows = windows_of(pair[0], (2, 3), (2, 1), (1, 0, 1, 0), (1, 1))
    check("im2col with pairs", np.array_equal(simdconv.im2col(*pair), windows.transpose(1, 4, 5, 0, 2, 3).reshape(24, -1)))
    for stride, padding, dilation in (((1, 2), (1, 0, 0, 1), (1, 1)), ((2, 3), (0, 1, 1, 1), (2, 1))):
        x = whole(2, 3, 9, 14, dtype=dtype)
        maximum = simdconv.Pool2D("max", (3, 9, 14), (2, 3), stride=stride, padding=padding, dilation=dilation, dtype=dtype)
        expected = windows_of(x, (2, 3), stride, padding, dilation, -np.inf).max((4, 5))
        winners = maximum.winners(2)
        check("max pooling, not square", np.array_equal(maximum.forward(x, winners=winners), expected))
        places = maximum.indices(winners, 2).reshape(2, 3, -1)
        check("indices, not square",
              np.array_equal(np.take_along_axis(x.reshape(2, 3, -1), places, 2).reshape(expected.shape), expected))
        for divisor, override in ((6, None), (2, 2)):
            average = simdconv.Pool2D("average", (3, 9, 14), (2, 3), stride=stride, padding=padding, dilation=dilation,
                                      divisor_override=override, dtype=dtype)
            sums = windows_of(x, (2, 3), stride, padding, dilation).sum((4, 5))
            check("average pooling, not square", np.allclose(average.forward(x), sums / divisor, rtol=1e-6))
    for name, sides in (("same_upper", (0, 2, 1, 2)), ("same_lower", (1, 2, 0, 2))):
        x, w = whole(2, 3, 9, 13, dtype=dtype), whole(4, 3, 2, 3, dtype=dtype)
        same, plan = (simdconv.Conv2D((3, 9, 13), w.shape, stride=(2, 3), padding=p, dilation=(1, 2), dtype=dtype)
                      for p in (name, sides))
        check(f"padding {name}", same.output_shape == (4, 5, 5) and np.array_equal(same.forward(x, w), plan.forward(x, w)))
        same, plan = (simdconv.Pool2D("max", (3, 9, 13), (2, 3), stride=(2, 3), padding=p, dilation=(1, 2), dtype=dtype)
                      for p in (name, sides))
        check(f"pooling with padding {name}", np.array_equal(same.forward(x), plan.forward(x)))
    x = whole(2, 3, 8, 8, dtype=dtype)
    columns = simdconv.im2col(x, 3, 3, 1, 1)
    w = whole(4, 27, dtype=dtype)
    check("im2col", np.array_equal((w @ columns).reshape(4, 2, 8, 8).transpose(1, 0, 2, 3),
                                   plain(x, w.reshape(4, 3, 3, 3), (1, 1), (1, 1, 1, 1), 1)))
    check("col2im", (simdconv.col2im(columns, x.shape, 3, 3, 1, 1) * x).sum() == (columns**2).sum())
    maximum, average = simdconv.Pool2D("max", (3, 8, 8), 2, dtype=dtype), simdconv.Pool2D("average", (3, 8, 8), 2, dtype=dtype)
    windows = x.reshape(2, 3, 4, 2, 4, 2)
    winners = maximum.winners(2)
    y = maximum.forward(x, winners=winners)
    check("max pooling", np.array_equal(y, windows.max((3, 5))))
    check("indices",
          np.array_equal(np.take_along_axis(x.reshape(2, 3, 64), maximum.indices(winners, 2).reshape(2, 3, 16),
                                            2).reshape(y.shape), y))
    check("its gradient", maximum.backward(y, winners=winners).sum() == y.sum())
    check("average pooling", np.array_equal(average.forward(x), windows.mean((3, 5))) and average.backward(y).sum() == y.sum())
    check("relu", np.array_equal(simdconv.relu(x), np.maximum(x, 0)))
    for source, target in (("nchw", "chwn"), ("nhwc", "chwn"), ("chwn", "nhwc"), ("nchw", "nhwc"), ("chwn", "nchw")):
        expected = x.transpose([source.index(axis) for axis in target])
        check(f"{source} to {target}", np.array_equal(simdconv.copy_images(x, source, target, threads=2), expected))
    check("tanh", np.allclose(simdconv.tanh(x / 8, scale=1.7159), 1.7159 * np.tanh(x / 8), rtol=1e-6))
    check("silu", np.allclose(simdconv.activate(x / 8, "silu"), x / 8 / (1 + np.exp(-x / 8)), rtol=1e-5))
    check("clip", np.array_equal(simdconv.activate(x, "clip", alpha=-2, beta=3), np.clip(x, -2, 3)))
    check("elu's gradient", np.allclose(simdconv.activate_gradient(x / 8, x, "elu", alpha=2),
                                        np.where(x > 0, x, 2 * x * np.exp(x / 8)), rtol=1e-5))

plan, x, w = simdconv.Conv2D((3, 8, 8), (4, 3, 3, 3)), whole(2, 3, 8, 8, dtype=np.float32), whole(4, 3, 3, 3, dtype=np.float32)
y = plan.forward(x, w)
refused(TypeError, "x has dtype float64", plan.forward, x.astype(np.float64), w)
refused(TypeError, "dtype int64", simdconv.relu, np.arange(3))
refused(ValueError, "x has shape", plan.forward, x[:, :2], w)
refused(ValueError, "strides", plan.forward, x[:, :, ::-1], w)
refused(ValueError, "weights has shape", plan.forward, x, w[:2])
fixed = y.copy()
fixed.flags.writeable = False
refused(ValueError, "out is read-only", plan.forward, x, w, out=fixed)
check("clipped sums", np.array_equal(plan.forward(x, w, activation="clip", alpha=-9, beta=7), np.clip(y, -9, 7)))
refused(ValueError, "activation is 'mish'", plan.forward, x, w, activation="mish")
refused(ValueError, "beta is 1 without out", plan.input_gradient, y, w, beta=1)
refused(ValueError, "desc.r is 9", simdconv.Conv2D, (3, 8, 8), (4, 3, 9, 9))
refused(ValueError, "desc.stride_h is 0", simdconv.Conv2D, (3, 8, 8), (4, 3, 3, 3), stride=0)
refused(ValueError, "expected 3 input channels", simdconv.Conv2D, (3, 8, 8), (4, 2, 3, 3))
refused(ValueError, "shares elements", plan.forward, x, w, residual=y, out=y)
refused(ValueError, "bias has shape (3,)", simdconv.gemm, np.ones((2, 2)), np.ones((2, 2)), bias=np.ones(3))
refused(ValueError, "b has 3 rows", simdconv.gemm, np.ones((2, 2)), np.ones((3, 2)))
refused(ValueError, "kind is 'min'", simdconv.Pool2D, "min", (3, 8, 8), 2)
refused(ValueError, "winners is NULL", simdconv.Pool2D("max", (3, 8, 8), 2).backward, np.zeros((1, 3, 4, 4), np.float32))
refused(ValueError, "target is 'nhc'", simdconv.copy_images, x, "nchw", "nhc")
refused(ValueError, "out has shape", simdconv.copy_images, x, "nchw", "chwn", x.copy())
refused(ValueError, "execution.max_threads is -1", plan.forward, x, w, threads=-1)

# A buffer that nobody may write is refused wherever something is written, and taken wherever it is read.
def read_only(array):
    return np.frombuffer(array.tobytes(), array.dtype).reshape(array.shape)


maximum, dw, db = simdconv.Pool2D("max", (3, 8, 8), 2), np.zeros_like(w), np.zeros(4, np.float32)
winners, pooled = maximum.winners(2), np.zeros((2, 3, 4, 4), np.float32)
before = bytes(winners)
immutable = read_only(winners)
columns = simdconv.im2col(x, 3, 3, 1, 1)
refused(ValueError, "winners is read-only", maximum.forward, x, winners=immutable)
check("an immutable buffer of winners", immutable.tobytes() == before)
refused(ValueError, "out is read-only", simdconv.gemm, np.ones((2, 3)), np.ones((3, 2)), read_only(np.zeros((2, 2))))
refused(ValueError, "out is read-only", simdconv.tanh, x, read_only(x))
refused(ValueError, "out is read-only", simdconv.relu, x, read_only(x))
refused(ValueError, "out is read-only", plan.input_gradient, y, w, read_only(x))
refused(ValueError, "out[0] is read-only", plan.weight_gradient, x, y, (read_only(dw), db))
refused(ValueError, "out[1] is read-only", plan.weight_gradient, x, y, (dw, read_only(db)))
refused(ValueError, "out is read-only", maximum.forward, x, read_only(pooled))
refused(ValueError, "out is read-only", maximum.backward, pooled, read_only(x), winners=winners)
refused(ValueError, "out is read-only", simdconv.im2col, x, 3, 3, 1, 1, out=read_only(columns))
refused(ValueError, "out is read-only", simdconv.col2im, columns, x.shape, 3, 3, 1, 1, out=read_only(x))
maximum.forward(x, winners=winners)
dx = maximum.backward(pooled, winners=winners)
check("inputs that are read-only", np.array_equal(maximum.backward(read_only(pooled), winners=read_only(winners)), dx)
      and np.array_equal(plan.forward(read_only(x), read_only(w)), y))

# Integers above 32 bits aren't cut off, wherever one is taken.
for big in (2**31, 2**32 + 1, 2**63, 2**64, 2**64 + 1, -2**64 + 1, 10**30):
    said = f"is {big}; expected a number of 32 bits"
    for name in ("stride", "padding", "dilation", "groups"):
        refused(ValueError, f"{name} {said}", simdconv.Conv2D, (4, 8, 8), (4, 4, 3, 3), **{name: big})
    for name in ("stride", "padding", "dilation"):
        refused(ValueError, f"{name}[1] {said}", simdconv.Conv2D, (4, 8, 8), (4, 4, 3, 3), **{name: (1, big)})
        refused(ValueError, f"{name} {said}", simdconv.Pool2D, "max", (4, 8, 8), 2, **{name: big})
        refused(ValueError, f"{name}[0] {said}", simdconv.Pool2D, "max", (4, 8, 8), 2, **{name: (big, 1)})
    refused(ValueError, f"divisor_override {said}", simdconv.Pool2D, "average", (4, 8, 8), 2, divisor_override=big)
    refused(ValueError, f"window {said}", simdconv.Pool2D, "average", (4, 8, 8), big)
    for i in range(3):
        shape = [4 if j != i else big for j in range(3)]
        refused(ValueError, f"input_shape[{i}] {said}", simdconv.Conv2D, shape, (4, 4, 3, 3))
        refused(ValueError, f"input_shape[{i}] {said}", simdconv.Pool2D, "max", shape, 2)
    for i in range(4):
        refused(ValueError, f"weight_shape[{i}] {said}", simdconv.Conv2D, (4, 8, 8), [4 if j != i else big for j in range(4)])
        refused(ValueError, f"X_shape[{i}] {said}", simdconv.col2im, columns, [4 if j != i else big for j in range(4)], 3, 3, 1,
                1)
    for name, sizes in (("HF", (big, 3, 1, 1)), ("WF", (3, big, 1, 1)), ("stride", (3, 3, big, 1)), ("pad", (3, 3, 1, big))):
        refused(ValueError, f"{name} {said}", simdconv.im2col, x, *sizes)
        refused(ValueError, f"{name} {said}", simdconv.col2im, columns, x.shape, *sizes)
    refused(ValueError, f"batch {said}", maximum.winners, big)
    refused(ValueError, f"batch {said}", maximum.indices, winners, big)
    for function, arguments in ((simdconv.gemm, (np.ones((2, 2)), np.ones((2, 2)))), (simdconv.tanh, (x,)), (simdconv.relu, (x,)),
                                (plan.forward, (x, w)), (plan.input_gradient, (y, w)), (plan.weight_gradient, (x, y)),
                                (plan.im2col, (x,)), (maximum.forward, (x,))):
        refused(ValueError, f"threads {said}", function, *arguments, threads=big)

# What isn't of the kind that is asked for is a TypeError that names it.
listed = x.tolist()
for name, function, arguments in (
        ("x", simdconv.relu, (listed,)), ("x", simdconv.tanh, ([1.0],)), ("a", simdconv.gemm, ([[1.0]], np.ones((1, 1)))),
        ("b", simdconv.gemm, (np.ones((1, 1)), [[1.0]])), ("out", simdconv.relu, (x, listed)), ("x", plan.forward, (listed, w)),
        ("weights", plan.forward, (x, w.tolist())), ("bias", plan.forward, (x, w, [0.0] * 4)),
        ("weights", plan.pack, (w.tolist(),)),
        ("dy", plan.input_gradient, (y.tolist(), w)), ("x", plan.weight_gradient, (listed, y)),
        ("dy", plan.weight_gradient, (x, y.tolist())),
        ("out", plan.weight_gradient, (x, y, dw)), ("x", plan.im2col, (listed,)), ("columns", plan.col2im, (columns.tolist(),)),
        ("X", simdconv.im2col, (listed, 3, 3, 1, 1)), ("dX_col", simdconv.col2im, (columns.tolist(), x.shape, 3, 3, 1, 1)),
        ("X_shape", simdconv.col2im, (columns, 8, 3, 3, 1, 1)), ("HF", simdconv.im2col, (x, 3.0, 3, 1, 1)),
        ("stride", simdconv.im2col, (x, 3, 3, 1.0, 1)),
        ("x", maximum.forward, (listed,)), ("dy", maximum.backward, (pooled.tolist(),)), ("winners", maximum.indices, (None, 2)),
        ("winners", maximum.indices, (list(winners), 2)), ("batch", maximum.winners, (2.0,)),
        ("input_shape", simdconv.Conv2D, (3, (4, 3, 3, 3))),
        ("weight_shape[2]", simdconv.Conv2D, ((3, 8, 8), (4, 3, 3.5, 3))),
        ("input_shape[0]", simdconv.Pool2D, ("max", ("3", 8, 8), 2)),
        ("window", simdconv.Pool2D, ("max", (3, 8, 8), 2.0)), ("X", layers.Conv(4, 3, 3).forward, (listed,)),
        ("X", layers.AvgPool(2).forward, (listed,)),
        ("fc", layers.Fc(2, 3).forward, ([[1.0]],)), ("x", layers.TanH().forward, ([1.0],)),
        ("new_deltaL", layers.TanH().backward, ([1.0],))):
    refused(TypeError, f"{name} is ", function, *arguments)
for name, function, arguments in (
        ("alpha", simdconv.gemm, (np.ones((1, 1)), np.ones((1, 1)))), ("beta", plan.input_gradient, (y, w)),
        ("beta", plan.weight_gradient, (x, y)),
        ("scale", simdconv.tanh, (x,)), ("scale", plan.forward, (x, w)), ("slope", plan.forward, (x, w)),
        ("threads", plan.forward, (x, w)),
        ("transpose_a", simdconv.gemm, (np.ones((1, 1)), np.ones((1, 1))))):
    refused(TypeError, f"{name} is 'one'", function, *arguments, **{name: "one"})
refused(TypeError, "ceil_mode is 2", simdconv.Pool2D, "max", (3, 8, 8), 2, ceil_mode=2)
refused(ValueError, "scale is 1e+300", simdconv.tanh, x, scale=1e300)
refused(ValueError, "stride is (1, 1, 1)", simdconv.Conv2D, (3, 8, 8), (4, 3, 3, 3), stride=(1, 1, 1))
refused(ValueError, "input_shape is (8, 8)", simdconv.Conv2D, (8, 8), (4, 3, 3, 3))
refused(ValueError, "divisor_override is 0", simdconv.Pool2D, "average", (3, 8, 8), 2, divisor_override=0)
refused(ValueError, "alpha is 0", layers.TanH, 0)
for batch in (0, 1, 3):
    refused(ValueError, f"dX_col has shape (27, 128); expected (27, {batch * 64})", simdconv.col2im, columns, (batch, 3, 8, 8), 3,
            3, 1, 1)
refused(ValueError, "X_shape[0] is -1", simdconv.col2im, columns, (-1, 3, 8, 8), 3, 3, 1, 1)

# Plans that are kept have a limit, and those that were used last stay.
for width in range(1, _operations.MOST_PLANS + 40):
    simdconv.im2col(np.zeros((1, 1, 1, width), np.float32), 1, 1, 1, 0)
    layers.AvgPool(1).forward(np.zeros((1, 1, 1, width), np.float32))
for cache in (_operations._conv_plan, _operations._average_plan):
    check("the number of plans that are kept",
          cache.cache_info().currsize == cache.cache_info().maxsize == _operations.MOST_PLANS)
hits = _operations._conv_plan.cache_info().hits
simdconv.im2col(np.zeros((1, 1, 1, width), np.float32), 1, 1, 1, 0)
check("a plan that is kept", _operations._conv_plan.cache_info().hits == hits + 1)

# A wrong SIMDCONV_TIER shows in every function, and ends no process.
output, code = child("""
from ctypes import c_double, c_float, c_int32, c_int64
from simdconv import _library
import simdconv
for name, types in _library._CALLS.items():
    zeros = [0.0 if kind in (c_float, c_double) else 0 if kind in (c_int32, c_int64) else None for kind in types]
    print(name, getattr(_library._LIBRARY, "simdconv_" + name)(*zeros))
print("version", simdconv.version())
print("best", _library._LIBRARY.simdconv_tier_best(), _library._last_error(_library._LIBRARY))
print("available", _library._LIBRARY.simdconv_tier_available(0))
try:
    simdconv.tier()
except simdconv.SimdConvError as error:
    print("tier", error)
""", SIMDCONV_TIER="sse")
said = ["best -1 The environment variable SIMDCONV_TIER is 'sse'", "available 0", "tier The environment",
        f"version {simdconv.version()}"]
said += [name + " " for name in _library._CALLS]
check("a wrong SIMDCONV_TIER: " + output, code == 0 and all("\n" + text in "\n" + output for text in said))
output, code = child("import numpy, simdconv; simdconv.gemm(numpy.ones((9, 9)), numpy.ones((9, 9)))", SIMDCONV_TIER="sse")
check("a product under a wrong SIMDCONV_TIER: " + output, code == 1
      and "ValueError: The environment variable SIMDCONV_TIER is 'sse'" in output)

# The loader alone, without the library of any level beside it.
with tempfile.TemporaryDirectory() as folder:
    alone = shutil.copy(_library._LIBRARY._name, os.path.join(folder, "libsimdconv.so"))
    output, code = child("import simdconv", SIMDCONV_LIBRARY=alone)
    said = f"ImportError: {alone} was found, but not the library for this CPU"
    check("a missing level: " + output, code == 1 and said in output and "could not be loaded" in output)

conv, pool, fc, tanh = layers.Conv(4, 3, 3, padding=1), layers.AvgPool(2, 2), layers.Fc(5, 64), layers.TanH()
out = fc.forward(tanh.forward(pool.forward(conv.forward(x))).reshape(2, -1))
dx, dw, db = conv.backward(pool.backward(tanh.backward(fc.backward(np.ones_like(out))[0].reshape(2, 4, 4, 4))))
step = np.float32(1e-2)
conv.W["val"] += step * dw / np.linalg.norm(dw)
slope = (fc.forward(tanh.forward(pool.forward(conv.forward(x))).reshape(2, -1)).sum() - out.sum()) / step
check("layers' gradient", dx.shape == x.shape and abs(slope - np.linalg.norm(dw)) < 0.05 * np.linalg.norm(dw))
del plan
gc.collect()
print(failures, "failed")
raise SystemExit(failures != 0)
