"""Runs LeNet-5 on a batch of images that Dask's workers share, and prints a hash of the results for several ways to cut the
batch: the hashes are equal, since a result depends on no other image of its batch.

    python3 infer_dask.py [--images N] [--workers N] [--scheduler ADDRESS]

Without an address, workers are processes of this machine.
"""
from __future__ import annotations

import argparse
import hashlib

import numpy as np
from distributed import Client, LocalCluster

from lenet5 import LeNet5, images_and_labels
from simdconv import layers

NETS: dict = {}


def logits(images, parameters):
    """The network's last values for some images; each worker makes the network once."""
    net = NETS.setdefault("net", LeNet5(layers.Conv, layers.AvgPool, layers.Fc, layers.TanH, threads=1))
    for p, value in zip(net.parameters, parameters):
        p["val"][:] = value
    # What arrives in a message may lie at any address.
    return net.predict(np.require(images, requirements="CA"))


def main():
    parser = argparse.ArgumentParser(description="Inference on Dask's workers, with the same bits however a batch is cut.")
    parser.add_argument("--images", type=int, default=500)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--scheduler")
    options = parser.parse_args()
    images, _ = images_and_labels(None, options.images)
    parameters = [p["val"] for p in LeNet5(layers.Conv, layers.AvgPool, layers.Fc, layers.TanH, threads=1).parameters]
    cluster = None if options.scheduler else LocalCluster(
        n_workers=options.workers, threads_per_worker=1, dashboard_address=None)
    hashes = set()
    with Client(options.scheduler or cluster) as client:
        for parts in (1, 2, 3, 7, max(1, options.images // 2)):
            # Pure functions of equal arguments would be computed once.
            futures = client.map(logits, np.array_split(images, parts), parameters=parameters, pure=False)
            hashes.add(hashlib.sha256(np.concatenate(client.gather(futures)).tobytes()).hexdigest())
            print(f"{parts} parts: {sorted(hashes)}")
    if cluster:
        cluster.close()
    if len(hashes) != 1:
        raise SystemExit("The results depend on how the batch was cut.")


if __name__ == "__main__":
    main()
