"""Trains the tutorial's LeNet-5 twice from the same weights, with NumPy's im2col and col2im as the tutorial has them and with
SimdConv's layers, and prints how many times faster the latter is.

    python3 lenet5.py [--data DIR] [--steps N] [--threads N]

DIR holds the MNIST files train-images-idx3-ubyte and train-labels-idx1-ubyte, gzipped or not; without it the images are noise,
which takes as long.
"""
from __future__ import annotations

import argparse
import gzip
import time
from pathlib import Path

import numpy as np

from simdconv import layers

BATCH = 100


def im2col(X, HF, WF, stride, pad):
    """NumPy: gathers through index tables that are built at every call."""
    i, j, d = indices(X.shape, HF, WF, stride, pad)
    padded = np.pad(X, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    return np.concatenate(padded[:, d, i, j], axis=-1)


def col2im(dX_col, X_shape, HF, WF, stride, pad):
    """NumPy: adds through the same tables, one element after the other."""
    n, c, h, w = X_shape
    i, j, d = indices(X_shape, HF, WF, stride, pad)
    padded = np.zeros((n, c, h + 2 * pad, w + 2 * pad), dX_col.dtype)
    np.add.at(padded, (slice(None), d, i, j), np.array(np.hsplit(dX_col, n)))
    return padded[:, :, pad : pad + h, pad : pad + w]


def indices(X_shape, HF, WF, stride, pad):
    _, c, h, w = X_shape
    p, q = (h + 2 * pad - HF) // stride + 1, (w + 2 * pad - WF) // stride + 1
    i = np.tile(np.repeat(np.arange(HF), WF), c)[:, None] + stride * np.repeat(np.arange(p), q)
    j = np.tile(np.arange(WF), HF * c)[:, None] + stride * np.tile(np.arange(q), p)
    return i, j, np.repeat(np.arange(c), HF * WF)[:, None]


class NumpyConv(layers.Conv):
    def forward(self, X):
        self.X, (k, _, r, s) = X, self.W["val"].shape
        self.columns = im2col(X, r, s, self.stride, self.padding)
        out = self.W["val"].reshape(k, -1) @ self.columns + self.b["val"][:, None]
        size = (X.shape[2] + 2 * self.padding - r) // self.stride + 1
        return np.array(np.hsplit(out, X.shape[0])).reshape(X.shape[0], k, size, size)

    def backward(self, dout):
        k, _, r, s = self.W["val"].shape
        rows = np.concatenate(dout.reshape(dout.shape[0], k, -1), axis=-1)
        self.W["grad"][:] = (rows @ self.columns.T).reshape(self.W["val"].shape)
        self.b["grad"][:] = rows.sum(axis=1)
        dX = col2im(self.W["val"].reshape(k, -1).T @ rows, self.X.shape, r, s, self.stride, self.padding)
        return dX, self.W["grad"], self.b["grad"]


class NumpyAvgPool(layers.AvgPool):
    def forward(self, X):
        n, c, h, _ = self.shape = X.shape
        size = (h - self.f) // self.s + 1
        columns = im2col(X, self.f, self.f, self.s, 0).reshape(c, self.f**2, -1)
        return np.array(np.hsplit(columns.mean(axis=1), n)).reshape(n, c, size, size)

    def backward(self, dout):
        n, c = self.shape[:2]
        rows = np.concatenate(dout.reshape(n, c, -1), axis=-1) / dout.dtype.type(self.f**2)
        return col2im(np.repeat(rows, self.f**2, axis=0), self.shape, self.f, self.f, self.s, 0)


class NumpyFc(layers.Fc):
    def forward(self, fc):
        self.cache = fc
        return fc @ self.W["val"].T + self.b["val"]

    def backward(self, deltaL):
        self.W["grad"][:], self.b["grad"][:] = deltaL.T @ self.cache, deltaL.sum(axis=0)
        return deltaL @ self.W["val"], self.W["grad"], self.b["grad"]


class NumpyTanH(layers.TanH):
    def forward(self, X):
        self.cache = np.float32(self.alpha) * np.tanh(X)
        return self.cache


class LeNet5:
    def __init__(self, conv, pool, fc, tanh, threads):
        rng = np.random.default_rng(1)
        self.conv1, self.conv2 = conv(6, 5, 1, rng=rng, need_dx=False, threads=threads), conv(16, 5, 6, rng=rng, threads=threads)
        self.pool1, self.pool2 = pool(2, 2, threads=threads), pool(2, 2, threads=threads)
        self.fc1, self.fc2, self.fc3 = (
            fc(rows, columns, rng=rng, threads=threads) for rows, columns in ((120, 400), (84, 120), (10, 84)))
        self.tanh = [tanh(threads=threads) for _ in range(4)]
        self.parameters = [p for layer in (self.conv1, self.conv2, self.fc1, self.fc2, self.fc3) for p in (layer.W, layer.b)]
        self.moments = [(np.zeros_like(p["val"]), np.zeros_like(p["val"])) for p in self.parameters]
        self.time = 0

    def step(self, x, labels):
        """One step of Adam on a batch; gives its loss."""
        loss = self.gradient(x, labels, len(labels)) / len(labels)
        self.adam()
        return loss

    def predict(self, x):
        """The logits of some images."""
        t1, t2, t3, t4 = self.tanh
        x = self.pool1.forward(t1.forward(self.conv1.forward(x)))
        pooled = self.pool2.forward(t2.forward(self.conv2.forward(x)))
        self.pooled = pooled.shape
        x = t3.forward(self.fc1.forward(pooled.reshape(len(pooled), -1)))
        return self.fc3.forward(t4.forward(self.fc2.forward(x)))

    def gradient(self, x, labels, batch):
        """The gradient of the mean loss of a batch of which these are some images; gives the sum of their losses."""
        t1, t2, t3, t4 = self.tanh
        z = self.predict(x)
        e = np.exp(z - z.max(axis=1, keepdims=True))
        y, rows = e / e.sum(axis=1, keepdims=True), np.arange(len(labels))
        loss = float(-np.log(y[rows, labels]).sum())
        y[rows, labels] -= 1
        d = self.fc3.backward(y / np.float32(batch))[0]
        d = self.fc1.backward(t3.backward(self.fc2.backward(t4.backward(d))[0]))[0]
        d = self.conv2.backward(t2.backward(self.pool2.backward(np.ascontiguousarray(d.reshape(self.pooled)))))[0]
        self.conv1.backward(t1.backward(self.pool1.backward(d)))
        return loss

    def adam(self, rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8):
        self.time += 1
        for p, (m, v) in zip(self.parameters, self.moments):
            m += (1 - beta1) * (p["grad"] - m)
            v += (1 - beta2) * (p["grad"] ** 2 - v)
            p["val"] -= rate / (1 - beta1**self.time) * m / (np.sqrt(v / (1 - beta2**self.time)) + epsilon)


def read(folder, name):
    path = next(p for p in (folder / name, folder / (name + ".gz")) if p.exists())
    data = (gzip.open if path.suffix == ".gz" else open)(path, "rb").read()
    return np.frombuffer(data, np.uint8, offset=16 if "images" in name else 8)


def images_and_labels(folder, noise, most=None):
    """The first images of a folder of MNIST's files, standardised; without one, so many images of noise."""
    if folder is None:
        return np.random.default_rng(2).normal(size=(noise, 1, 32, 32)).astype(np.float32), np.arange(noise) % 10
    raw = read(folder, "train-images-idx3-ubyte").reshape(-1, 1, 28, 28)[:most]
    labels = read(folder, "train-labels-idx1-ubyte")[: len(raw)].astype(np.int64)
    images = np.pad(raw, ((0, 0), (0, 0), (2, 2), (2, 2))).astype(np.float32) / 255
    return (images - images.mean()) / images.std(), labels


def main():
    parser = argparse.ArgumentParser(description="LeNet-5 in NumPy, without and with SimdConv.")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    images, labels = images_and_labels(options.data, BATCH * 10, BATCH * 600)

    ours = LeNet5(layers.Conv, layers.AvgPool, layers.Fc, layers.TanH, options.threads)
    theirs = LeNet5(NumpyConv, NumpyAvgPool, NumpyFc, NumpyTanH, options.threads)
    times = []
    for step in range(options.steps):
        rows = np.arange(step * BATCH, (step + 1) * BATCH) % len(images)
        x, y = images[rows], labels[rows]
        start = time.perf_counter()
        loss = theirs.step(x, y)
        middle = time.perf_counter()
        again = ours.step(x, y)
        times.append((middle - start, time.perf_counter() - middle))
        print(f"step {step + 1}: loss {loss:.5f} with NumPy, {again:.5f} with SimdConv")
        if abs(loss - again) > 1e-3 * loss:
            raise SystemExit("The two networks differ.")
    numpy_time, simd_time = np.median(times, axis=0)
    print(f"SimdConv is {numpy_time / simd_time:.1f} times faster")


if __name__ == "__main__":
    main()
