"""Trains the tutorial's LeNet-5 with SimdConv's layers on several processes, and prints a hash of its weights, which is the same
for any number of processes, and without MPI.

    mpirun -n RANKS python3 train_mpi.py [--data DIR] [--steps N] [--batch N] [--shards N]

A batch is cut in shards, whatever the number of processes (ranks). A rank computes the gradients of whole shards; the gradients
travel as bytes, and every rank adds them in the order of one tree. No reduction of MPI's own is used, since its order depends on
the number of ranks. Without mpi4py the script trains alone.
"""
from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import numpy as np

from lenet5 import LeNet5, images_and_labels
from simdconv import layers


class Alone:
    """What is used of mpi4py's communicator, for one process."""

    rank, size = 0, 1

    def Allgatherv(self, sent, received):
        received[0][:] = sent[0]


def world():
    try:
        from mpi4py import MPI
    except ImportError:
        return Alone()
    return MPI.COMM_WORLD


def tree_sum(shards):
    """The sum of all rows: at the steps s = 1, 2, 4, ... row i, a multiple of 2 s, takes row i + s, if there is one."""
    step = 1
    while step < len(shards):
        for i in range(0, len(shards) - step, 2 * step):
            shards[i] += shards[i + step]
        step *= 2
    return shards[0]


class Exchange:
    """The ordered sum of the shards of all ranks."""

    def __init__(self, communicator, shards, length):
        self.communicator, self.shards = communicator, shards
        bounds = [shards * rank // communicator.size for rank in range(communicator.size + 1)]
        self.mine = range(bounds[communicator.rank], bounds[communicator.rank + 1])
        self.sent = np.empty((len(self.mine), length), np.float32)
        self.all = np.empty((shards, length), np.float32)
        row = self.sent.itemsize * length
        self.counts = [row * (end - first) for first, end in zip(bounds, bounds[1:])]

    def sum(self):
        sent, received = self.sent.view(np.uint8).reshape(-1), self.all.view(np.uint8).reshape(-1)
        self.communicator.Allgatherv([sent, len(sent)], [received, self.counts])
        return tree_sum(self.all)


def main():
    parser = argparse.ArgumentParser(description="LeNet-5 on several processes, with the same bits on any number of them.")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--shards", type=int, default=8)
    options = parser.parse_args()
    if not 1 <= options.shards <= options.batch:
        parser.error(f"--shards is {options.shards}; expected 1 to {options.batch}, the images of a batch")
    communicator = world()
    images, labels = images_and_labels(options.data, 10 * options.batch)
    net = LeNet5(layers.Conv, layers.AvgPool, layers.Fc, layers.TanH, threads=1)
    exchange = Exchange(communicator, options.shards, 1 + sum(p["grad"].size for p in net.parameters))
    for step in range(options.steps):
        rows = np.arange(step * options.batch, (step + 1) * options.batch) % len(images)
        for place, shard in enumerate(exchange.mine):
            part = rows[options.batch * shard // options.shards : options.batch * (shard + 1) // options.shards]
            loss = net.gradient(images[part], labels[part], options.batch)
            exchange.sent[place] = np.concatenate([p["grad"].reshape(-1) for p in net.parameters] + [np.float32([loss])])
        total = exchange.sum()
        start = 0
        for p in net.parameters:
            p["grad"][:] = total[start : start + p["grad"].size].reshape(p["grad"].shape)
            start += p["grad"].size
        net.adam()
        if communicator.rank == 0:
            print(f"step {step + 1}: loss {total[-1] / options.batch:.5f}")
    if communicator.rank == 0:
        weights = b"".join(p["val"].tobytes() for p in net.parameters)
        print(f"{communicator.size} ranks, {options.shards} shards, weights {hashlib.sha256(weights).hexdigest()}")


if __name__ == "__main__":
    main()
