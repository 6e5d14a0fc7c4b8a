"""The Python side of the bench: numpy, scipy, implicit and torch as a process that answers messages.

One JSON message per line on standard input, one answer per line on standard output: prepare, run, result.
Arguments: the folder of the files (formats: files.ts) and the number of threads.
"""
import json
import os
import sys
import time

FOLDER, THREADS = sys.argv[1], int(sys.argv[2])

import numpy as np  # noqa: E402  (the number of threads is in the environment before it is loaded)


def path(name):
    return os.path.join(FOLDER, name)


def read_dense(name):
    with open(path(name), "rb") as file:
        rows, cols, _, _ = np.fromfile(file, np.int32, 4)
        return np.fromfile(file, np.float32, rows * cols).reshape(rows, cols)


def read_csr(name):
    import scipy.sparse
    with open(path(name), "rb") as file:
        rows, cols, entries, _ = np.fromfile(file, np.int32, 4)
        indptr, indices = np.fromfile(file, np.int32, rows + 1), np.fromfile(file, np.int32, entries)
        return scipy.sparse.csr_matrix((np.fromfile(file, np.float32, entries), indices, indptr), shape=(rows, cols))


def write(name, values, kind):
    values = np.ascontiguousarray(np.atleast_2d(values), kind)
    with open(path(name), "wb") as file:
        np.array([*values.shape, 0, 0], np.int32).tofile(file)
        values.tofile(file)


class Als:
    """One iteration: both half sweeps by implicit's own solver, the transposed matrix made beforehand."""

    def __init__(self, job):
        from implicit.cpu.als import AlternatingLeastSquares
        model = AlternatingLeastSquares(factors=job["factors"], regularization=job["regularization"], alpha=1, dtype=np.float32,
                                        use_native=True, use_cg=job["solver"] == "cg", num_threads=THREADS)
        model.cg_steps = job["cgSteps"]
        self.solver, self.regularization = model.solver, model.regularization
        self.rows = read_csr(job["data"] + ".csr") * np.float32(job["alpha"])
        self.columns = self.rows.T.tocsr()
        self.users, self.items = (read_dense(f"start-{job['data']}-{job['factors']}-{side}.f32") for side in ("users", "items"))

    def run(self):
        self.solver(self.rows, self.users, self.items, self.regularization, num_threads=THREADS)
        self.solver(self.columns, self.items, self.users, self.regularization, num_threads=THREADS)

    def result(self, prefix):
        write(prefix + "-users.f32", self.users, np.float32)
        write(prefix + "-items.f32", self.items, np.float32)


class Bpr:
    """One epoch of implicit's stochastic descent, as its callback times it: as many samples as there are interactions."""

    def __init__(self, job):
        from implicit.cpu.bpr import BayesianPersonalizedRanking
        self.model = BayesianPersonalizedRanking(factors=job["factors"], learning_rate=job["learningRate"], regularization=job["regularization"],
                                                 dtype=np.float32, iterations=1, verify_negative_samples=True, num_threads=THREADS, random_state=1)
        self.rows = read_csr(job["data"] + ".csr")

    def run(self):
        seconds = []
        self.model.fit(self.rows, show_progress=False, callback=lambda _, elapsed, *__: seconds.append(elapsed))
        return seconds[0]

    result = lambda self, prefix: (write(prefix + "-users.f32", self.model.user_factors, np.float32),  # noqa: E731
                                   write(prefix + "-items.f32", self.model.item_factors, np.float32))


class Topk:
    def __init__(self, job):
        from implicit.cpu.als import AlternatingLeastSquares
        self.k, self.rows = job["k"], read_csr(job["data"] + ".csr")
        self.model = AlternatingLeastSquares(factors=job["factors"], num_threads=THREADS)
        self.model.user_factors, self.model.item_factors = (read_dense(f"trained-{job['data']}-{job['factors']}-{side}.f32") for side in ("users", "items"))
        self.users = np.arange(self.rows.shape[0])

    def run(self):
        self.items, self.scores = self.model.recommend(self.users, self.rows, N=self.k, filter_already_liked_items=True)

    def result(self, prefix):
        write(prefix + "-items.i32", self.items, np.int32)


class Spmm:
    def __init__(self, job):
        self.matrix, self.dense, self.torch = read_csr(job["data"] + ".csr"), read_dense(f"start-{job['data']}-{job['factors']}-items.f32"), None
        if job["peer"] == "torch":
            self.torch = torch = with_torch()
            self.matrix = torch.sparse_csr_tensor(*(torch.from_numpy(part) for part in (self.matrix.indptr, self.matrix.indices, self.matrix.data)), size=self.matrix.shape)
            self.dense = torch.from_numpy(self.dense)

    def run(self):
        self.product = self.matrix @ self.dense

    def result(self, prefix):
        write(prefix + "-product.f32", self.product.numpy() if self.torch else self.product, np.float32)


class Product:
    """XᵀX, or A·B."""

    def __init__(self, job):
        inner = job.get("inner", job["factors"])
        self.left = read_dense(f"left-{job['rows']}-{inner}.f32")
        self.right = read_dense(f"right-{inner}-{job['factors']}.f32") if "inner" in job else None

    def run(self):
        self.product = self.left.T @ self.left if self.right is None else self.left @ self.right

    def result(self, prefix):
        write(prefix + "-product.f32", self.product, np.float32)


class Epoch:
    """One epoch of a model of models.py."""

    def __init__(self, job):
        torch = with_torch()
        import models
        torch.manual_seed(1)
        features = [torch.from_numpy(read_dense(f"{job['data']}-{name}.f32")) for name in ("text", "image")]
        self.training = models.Training(job["model"], read_csr(job["data"] + ".csr"), features)

    def run(self):
        self.loss = self.training.epoch()

    def result(self, prefix):
        write(prefix + "-loss.f32", [self.loss], np.float32)


def with_torch():
    import torch
    torch.set_num_threads(THREADS)
    return torch


WORKS = {"als": Als, "bpr": Bpr, "topk": Topk, "spmm": Spmm, "gram": Product, "gemm": Product, "epoch": Epoch}


def answer(message, state):
    if message["do"] == "prepare":
        state["work"] = WORKS[message["job"]["kind"]](message["job"])
        return {"version": "Python " + sys.version.split()[0]}
    if message["do"] == "run":
        times, own, start = message.get("times", 1), None, time.perf_counter()
        for _ in range(times):
            seconds = state["work"].run()
            if seconds is not None:
                own = (own or 0) + seconds
        return {"seconds": (time.perf_counter() - start if own is None else own) / times}
    state["work"].result(message["peer"])
    return {}


def main():
    # What libraries print must not look like an answer.
    replies, sys.stdout = sys.stdout, sys.stderr
    state = {}
    for line in sys.stdin:
        try:
            reply = answer(json.loads(line), state)
        except Exception as error:  # told to the other end, which decides
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), file=replies, flush=True)


main()
