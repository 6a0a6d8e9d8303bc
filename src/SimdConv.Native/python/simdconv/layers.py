"""Layers with the constructors, attributes and methods of the NumPy tutorial's, computed by SimdConv.

W and b are dictionaries with 'val' and 'grad'. Images are N x C x H x W; backward takes the gradient of a layer's output and
returns the gradient of its input, for layers with parameters (dX, dW, db). Gradients are sums over the batch. A plan is made once
for each shape of image; the 256 plans of each kind that were used last are kept, for all layers together.
"""
from __future__ import annotations

from typing import Dict, Optional, Tuple

import numpy as np

from ._operations import Conv2D, Pool2D, _array, _average_plan, _conv_plan, _padding, _pair, _Plan, _type, gemm, tanh

Parameter = Dict[str, np.ndarray]


def _parameters(rng: np.random.Generator, shape: Tuple[int, ...], fan_in: int, dtype: object) -> Tuple[Parameter, Parameter]:
    weights = (rng.uniform(-1, 1, shape) / np.sqrt(fan_in)).astype(dtype)
    biases = np.zeros(shape[0], dtype)
    return {"val": weights, "grad": np.zeros_like(weights)}, {"val": biases, "grad": np.zeros_like(biases)}


class Conv:
    """Convolution of nb_filters kernels of filter_size x filter_size x nb_channels.

    need_dx=False leaves out the gradient of the input, which a network's first layer has no use for.
    """

    def __init__(self, nb_filters: int, filter_size: int, nb_channels: int, stride: int = 1, padding: int = 0, *,
                 rng: Optional[np.random.Generator] = None, dtype: object = np.float32, need_dx: bool = True,
                 threads: int = 1) -> None:
        shape = (nb_filters, nb_channels, filter_size, filter_size)
        self.W, self.b = _parameters(rng or np.random.default_rng(), shape, nb_channels * filter_size**2, dtype)
        self.stride, self.padding, self.need_dx, self.threads = stride, padding, need_dx, threads

    def _plan(self, image: Tuple[int, ...]) -> Conv2D:
        weights = self.W["val"]
        return _conv_plan(image, weights.shape, _pair(self.stride, "stride"), _padding(self.padding), weights.dtype)

    def forward(self, X: np.ndarray) -> np.ndarray:
        _Plan._batch(X, "X")
        self.cache = X
        return self._plan(X.shape[1:]).forward(X, self.W["val"], self.b["val"], threads=self.threads)

    def backward(self, dout: np.ndarray) -> Tuple[Optional[np.ndarray], np.ndarray, np.ndarray]:
        plan = self._plan(self.cache.shape[1:])
        plan.weight_gradient(self.cache, dout, (self.W["grad"], self.b["grad"]), threads=self.threads)
        dX = plan.input_gradient(dout, self.W["val"], threads=self.threads) if self.need_dx else None
        return dX, self.W["grad"], self.b["grad"]


class AvgPool:
    """Average pooling of filter_size x filter_size windows; padding counts as zeros."""

    def __init__(self, filter_size: int, stride: int = 1, padding: int = 0, *, threads: int = 1) -> None:
        self.f, self.s, self.p, self.threads = filter_size, stride, padding, threads

    def _plan(self, X: np.ndarray) -> Pool2D:
        _Plan._batch(X, "X")
        return _average_plan(X.shape[1:], _pair(self.f, "filter_size"), _pair(self.s, "stride"), _padding(self.p), X.dtype)

    def forward(self, X: np.ndarray) -> np.ndarray:
        self.cache = self._plan(X)
        return self.cache.forward(X, threads=self.threads)

    def backward(self, dout: np.ndarray) -> np.ndarray:
        return self.cache.backward(dout, threads=self.threads)


class Fc:
    """Fully connected: row outputs of column inputs."""

    def __init__(self, row: int, column: int, *, rng: Optional[np.random.Generator] = None, dtype: object = np.float32,
                 threads: int = 1) -> None:
        self.W, self.b = _parameters(rng or np.random.default_rng(), (row, column), column, dtype)
        self.threads = threads

    def forward(self, fc: np.ndarray) -> np.ndarray:
        if _array(fc, "fc").ndim != 2:
            raise TypeError(f"fc is {fc.shape}; expected a matrix")
        self.cache = fc
        out = np.broadcast_to(self.b["val"], (fc.shape[0], self.b["val"].size)).copy()
        return gemm(fc, self.W["val"], out, transpose_b=True, beta=1, threads=self.threads)

    def backward(self, deltaL: np.ndarray) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
        _array(deltaL, "deltaL")
        gemm(deltaL, self.cache, self.W["grad"], transpose_a=True, threads=self.threads)
        np.sum(deltaL, axis=0, out=self.b["grad"])
        return gemm(deltaL, self.W["val"], threads=self.threads), self.W["grad"], self.b["grad"]


class TanH:
    """alpha * tanh(x)."""

    def __init__(self, alpha: float = 1.7159, *, threads: int = 1) -> None:
        if alpha == 0:
            raise ValueError("alpha is 0; expected another number, from whose product with tanh(x) the gradient can be told")
        self.alpha, self.threads = alpha, threads

    def forward(self, X: np.ndarray) -> np.ndarray:
        self.cache = tanh(X, scale=self.alpha, threads=self.threads)
        return self.cache

    def backward(self, new_deltaL: np.ndarray) -> np.ndarray:
        _type(_array(new_deltaL, "new_deltaL").dtype, "new_deltaL")
        alpha = new_deltaL.dtype.type(self.alpha)
        return new_deltaL * (alpha - self.cache * self.cache / alpha)
