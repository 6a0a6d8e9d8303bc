"""The Python package against NumPy, and what it refuses."""
import gc

import numpy as np

import simdconv
from simdconv import layers

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


def plain(x, w, stride, pad, groups):
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    windows = np.lib.stride_tricks.sliding_window_view(x, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    parts = [np.einsum("ncpqrs,kcrs->nkpq", wx, wk) for wx, wk in zip(np.split(windows, groups, 1), np.split(w, groups))]
    return np.concatenate(parts, axis=1)


check("version", simdconv.__version__.count(".") == 2 and simdconv.tier() in ("scalar", "vectort", "avx2", "avx512"))
for dtype in (np.float32, np.float64):
    a, b, c = whole(7, 9, dtype=dtype), whole(9, 5, dtype=dtype), whole(7, 5, dtype=dtype)
    check("gemm", np.array_equal(simdconv.gemm(a, b), a @ b))
    check("gemm, turned", np.array_equal(simdconv.gemm(a.T.copy(), b.T.copy(), transpose_a=True, transpose_b=True, threads=2), a @ b))
    expected = 2 * a @ b - c
    check("gemm into out", simdconv.gemm(a, b, c, alpha=2, beta=-1) is c and np.array_equal(c, expected))
    for stride, pad, groups in ((1, 1, 1), (2, 1, 1), (1, 0, 2), (2, 2, 6)):
        x, w = whole(3, 6, 9, 9, dtype=dtype), whole(12, 6 // groups, 3, 3, dtype=dtype)
        plan = simdconv.Conv2D((6, 9, 9), w.shape, stride=stride, padding=pad, groups=groups, dtype=dtype)
        expected, bias = plain(x, w, stride, pad, groups), whole(12, dtype=dtype)
        packed = plan.pack(w)
        check("forward", np.array_equal(plan.forward(x, w), expected) and np.array_equal(plan.forward(x, packed, threads=2), expected))
        fused = plan.forward(x, packed, bias, residual=expected, activation="relu")
        swished = plan.forward(x, packed, activation="hard_swish")
        check("hard swish", np.allclose(swished, expected * np.clip(expected + 3, 0, 6) / 6, rtol=1e-6))
        check("epilogue", np.array_equal(fused, np.maximum(2 * expected + bias[:, None, None], 0)))
        dy = whole(*expected.shape, dtype=dtype)
        dx, (dw, db) = plan.input_gradient(dy, packed), plan.weight_gradient(x, dy)
        inner = (dy * expected).sum()
        check("gradients", (dx * x).sum() == inner and (dw * w).sum() == inner and np.array_equal(db, dy.sum((0, 2, 3))))
        check("beta", np.array_equal(plan.input_gradient(dy, w, dx.copy(), beta=1), 2 * dx))
    x = whole(2, 3, 8, 8, dtype=dtype)
    columns = simdconv.im2col(x, 3, 3, 1, 1)
    w = whole(4, 27, dtype=dtype)
    check("im2col", np.array_equal((w @ columns).reshape(4, 2, 8, 8).transpose(1, 0, 2, 3), plain(x, w.reshape(4, 3, 3, 3), 1, 1, 1)))
    check("col2im", (simdconv.col2im(columns, x.shape, 3, 3, 1, 1) * x).sum() == (columns**2).sum())
    maximum, average = simdconv.Pool2D("max", (3, 8, 8), 2, dtype=dtype), simdconv.Pool2D("average", (3, 8, 8), 2, dtype=dtype)
    windows = x.reshape(2, 3, 4, 2, 4, 2)
    winners = maximum.winners(2)
    y = maximum.forward(x, winners=winners)
    check("max pooling", np.array_equal(y, windows.max((3, 5))))
    check("indices", np.array_equal(np.take_along_axis(x.reshape(2, 3, 64), maximum.indices(winners, 2).reshape(2, 3, 16), 2).reshape(y.shape), y))
    check("its gradient", maximum.backward(y, winners=winners).sum() == y.sum())
    check("average pooling", np.array_equal(average.forward(x), windows.mean((3, 5))) and average.backward(y).sum() == y.sum())
    check("relu", np.array_equal(simdconv.relu(x), np.maximum(x, 0)))
    check("tanh", np.allclose(simdconv.tanh(x / 8, scale=1.7159), 1.7159 * np.tanh(x / 8), rtol=1e-6))

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
refused(ValueError, "activation is 'gelu'", plan.forward, x, w, activation="gelu")
refused(ValueError, "beta is 1 without out", plan.input_gradient, y, w, beta=1)
refused(ValueError, "desc.r is 9", simdconv.Conv2D, (3, 8, 8), (4, 3, 9, 9))
refused(ValueError, "desc.stride_h is 0", simdconv.Conv2D, (3, 8, 8), (4, 3, 3, 3), stride=0)
refused(ValueError, "expected 3 input channels", simdconv.Conv2D, (3, 8, 8), (4, 2, 3, 3))
refused(ValueError, "shares elements", plan.forward, x, w, residual=y, out=y)
refused(ValueError, "b has 3 rows", simdconv.gemm, np.ones((2, 2)), np.ones((3, 2)))
refused(ValueError, "kind is 'min'", simdconv.Pool2D, "min", (3, 8, 8), 2)
refused(ValueError, "winners is NULL", simdconv.Pool2D("max", (3, 8, 8), 2).backward, np.zeros((1, 3, 4, 4), np.float32))
refused(ValueError, "execution.max_threads is -1", plan.forward, x, w, threads=-1)

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
