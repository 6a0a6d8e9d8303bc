"""SimdConv for NumPy: GEMM, convolution, pooling, im2col and col2im on float32 and float64 arrays.

Arrays are C-contiguous and of one dtype; anything else is refused with a TypeError or ValueError that names the argument, never
copied silently. Integers have 32 bits; strides, windows, padding and dilations take one for both axes, or one for each. ``out=``
takes an array to write to; without it one is made. ``threads`` is the most threads that a call may use.
The shared library is looked for at ``$SIMDCONV_LIBRARY``, beside an installation of it, and where the system looks.
"""
from __future__ import annotations

from ._library import SimdConvError, tier, version
from ._operations import (
    Conv2D, Filter, PackedFile, Pool2D, activate, activate_gradient, col2im, copy_images, gemm, im2col, relu, tanh)

__all__ = ["Conv2D", "Filter", "PackedFile", "Pool2D", "SimdConvError", "activate", "activate_gradient", "col2im",
           "copy_images", "gemm", "im2col", "relu", "tanh", "tier", "version"]
__version__ = version()
