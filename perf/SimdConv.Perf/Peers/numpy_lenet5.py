"""LeNet-5 trained with im2col and col2im in NumPy: the way of the system that SimdConv starts from, without its defects.

Reads from standard input: int32 image count, the parameters W1 b1 ... W5 b5 (float32), the images (float32, 32x32), the labels
(bytes); then one line a request, "FIRST STEPS": train STEPS batches beginning with batch FIRST. Answers with their losses.
"""
import sys

import numpy as np

BATCH, SCALE = 100, np.float32(1.7159)
SHAPES = [(6, 1, 5, 5), (6,), (16, 6, 5, 5), (16,), (120, 400), (120,), (84, 120), (84,), (10, 84), (10,)]


def index_tables(channels, size, kernel, stride):
    """Where each element of the columns comes from; made once a shape."""
    out = (size - kernel) // stride + 1
    i = np.tile(np.repeat(np.arange(kernel), kernel), channels)[:, None] + stride * np.repeat(np.arange(out), out)[None]
    j = np.tile(np.arange(kernel), kernel * channels)[:, None] + stride * np.tile(np.arange(out), out)[None]
    d = np.repeat(np.arange(channels), kernel * kernel)[:, None]
    return d, i, j, out


class Conv:
    def __init__(self, channels, size, kernel):
        self.tables = index_tables(channels, size, kernel, 1)
        self.shape = (BATCH, channels, size, size)

    def forward(self, x, w, b):
        d, i, j, out = self.tables
        self.columns = np.concatenate(x[:, d, i, j], axis=-1)
        y = w.reshape(w.shape[0], -1) @ self.columns + b[:, None]
        return y.reshape(w.shape[0], BATCH, out, out).transpose(1, 0, 2, 3)

    def backward(self, dy, w, need_dx):
        d, i, j, _ = self.tables
        dy = dy.transpose(1, 0, 2, 3).reshape(w.shape[0], -1)
        dw, db = (dy @ self.columns.T).reshape(w.shape), dy.sum(axis=1)
        if not need_dx:
            return None, dw, db
        columns = np.array(np.hsplit(w.reshape(w.shape[0], -1).T @ dy, BATCH))
        dx = np.zeros(self.shape, np.float32)
        np.add.at(dx, (slice(None), d, i, j), columns)
        return dx, dw, db


class Pool:
    """2x2 average as a mean over columns."""

    def __init__(self, channels, size):
        self.tables = index_tables(channels, size, 2, 2)
        self.shape = (BATCH, channels, size, size)

    def forward(self, x):
        d, i, j, out = self.tables
        columns = x[:, d, i, j].reshape(BATCH, self.shape[1], 4, -1)
        return columns.mean(axis=2).reshape(BATCH, self.shape[1], out, out)

    def backward(self, dy):
        d, i, j, _ = self.tables
        columns = np.repeat(dy.reshape(BATCH, self.shape[1], 1, -1) / np.float32(4), 4, axis=2)
        dx = np.zeros(self.shape, np.float32)
        np.add.at(dx, (slice(None), d, i, j), columns.reshape(BATCH, self.shape[1] * 4, -1))
        return dx


class LeNet5:
    def __init__(self, parameters):
        self.p = parameters
        self.m = [np.zeros_like(p) for p in parameters]
        self.v = [np.zeros_like(p) for p in parameters]
        self.t = 0
        self.conv1, self.conv2 = Conv(1, 32, 5), Conv(6, 14, 5)
        self.pool1, self.pool2 = Pool(6, 28), Pool(16, 10)

    def step(self, x, labels):
        w1, b1, w2, b2, w3, b3, w4, b4, w5, b5 = self.p
        a1 = SCALE * np.tanh(self.conv1.forward(x, w1, b1))
        a2 = SCALE * np.tanh(self.conv2.forward(self.pool1.forward(a1), w2, b2))
        f = self.pool2.forward(a2).reshape(BATCH, -1)
        a3 = SCALE * np.tanh(f @ w3.T + b3)
        a4 = SCALE * np.tanh(a3 @ w4.T + b4)
        z = a4 @ w5.T + b5
        z -= z.max(axis=1, keepdims=True)
        e = np.exp(z)
        total = e.sum(axis=1, keepdims=True)
        rows = np.arange(BATCH)
        loss = float(np.mean(np.log(total[:, 0]) - z[rows, labels]))

        dz = e / total
        dz[rows, labels] -= 1
        dz /= BATCH
        dw5, db5 = dz.T @ a4, dz.sum(axis=0)
        d4 = (dz @ w5) * slope(a4)
        dw4, db4 = d4.T @ a3, d4.sum(axis=0)
        d3 = (d4 @ w4) * slope(a3)
        dw3, db3 = d3.T @ f, d3.sum(axis=0)
        d2 = self.pool2.backward((d3 @ w3).reshape(BATCH, 16, 5, 5)) * slope(a2)
        dx2, dw2, db2 = self.conv2.backward(d2, w2, True)
        d1 = self.pool1.backward(dx2) * slope(a1)
        _, dw1, db1 = self.conv1.backward(d1, w1, False)
        self.adam([dw1, db1, dw2, db2, dw3, db3, dw4, db4, dw5, db5])
        return loss

    def adam(self, gradients, rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8):
        self.t += 1
        for p, g, m, v in zip(self.p, gradients, self.m, self.v):
            m += (1 - beta1) * (g - m)
            v += (1 - beta2) * (g * g - v)
            p -= rate / (1 - beta1**self.t) * m / (np.sqrt(v / (1 - beta2**self.t)) + epsilon)


def slope(y):
    return SCALE - y * y / SCALE


def main():
    stream = sys.stdin.buffer
    count = int(np.frombuffer(stream.read(4), "<i4")[0])
    parameters = [np.frombuffer(stream.read(4 * int(np.prod(s))), "<f4").reshape(s).copy() for s in SHAPES]
    images = np.frombuffer(stream.read(4 * 1024 * count), "<f4").reshape(count, 1, 32, 32)
    labels = np.frombuffer(stream.read(count), np.uint8)
    net = LeNet5(parameters)
    for line in stream:
        first, steps = map(int, line.split())
        losses = []
        for step in range(first, first + steps):
            rows = slice(step % (count // BATCH) * BATCH, (step % (count // BATCH) + 1) * BATCH)
            losses.append(net.step(images[rows], labels[rows]))
        print(*losses, flush=True)


main()
