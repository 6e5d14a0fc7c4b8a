"""LightGCN and BM3 in PyTorch, from their equations (docs/models.md), as the peers of ours: the same batches of 2048,
layers, loss and Adam; sampling is vectorised. Only a batch's rows of features are projected, as in ours.
"""
import numpy as np
import torch
import torch.nn.functional as F

FACTORS, BATCH, RATE = 64, 2048, 1e-3
LAYERS = {"lightgcn": 2, "bm3": 1}
DROPOUT, CONTRAST = 0.5, 2.0
REGULARIZATION = {"lightgcn": 1e-4, "bm3": 0.1}


def graph(rows):
    """(Deg + 1e-7)^-1/2 A (Deg + 1e-7)^-1/2 over users, then items."""
    import scipy.sparse
    users, items = rows.shape
    ones = scipy.sparse.csr_matrix((np.ones(rows.nnz, np.float32), rows.indices, rows.indptr), shape=rows.shape)
    matrix = scipy.sparse.bmat([[None, ones], [ones.T, None]]).tocsr()
    scale = 1 / np.sqrt(np.asarray(matrix.sum(1)).ravel() + 1e-7)
    matrix = matrix.multiply(scale[:, None]).multiply(scale[None, :]).tocsr().astype(np.float32)
    matrix.sort_indices()
    parts = (matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64), matrix.data)
    return torch.sparse_csr_tensor(*(torch.from_numpy(part) for part in parts), size=(users + items, users + items))


class Propagate(torch.autograd.Function):
    """A·X for a symmetric A: the gradient takes the same product, and no transpose is made at every step."""

    @staticmethod
    def forward(context, matrix, x):
        context.matrix = matrix
        return matrix @ x

    @staticmethod
    def backward(context, gradient):
        return None, context.matrix @ gradient.contiguous()


class Training:
    def __init__(self, name, rows, features):
        self.name, self.matrix, (self.users, self.items) = name, graph(rows), rows.shape
        self.user = torch.from_numpy(np.repeat(np.arange(self.users), np.diff(rows.indptr)))
        self.positive = torch.from_numpy(rows.indices.astype(np.int64))
        self.keys = (self.user * self.items + self.positive).sort().values
        self.known = torch.from_numpy(np.unique(rows.indices).astype(np.int64))
        both = torch.empty(self.users + self.items, FACTORS)
        for table in (both[:self.users], both[self.users:]):
            torch.nn.init.xavier_uniform_(table)
        self.nodes = torch.nn.Parameter(both)
        parameters = [self.nodes]
        if name == "bm3":
            self.features = features
            self.projections = [torch.nn.Linear(table.shape[1], FACTORS) for table in features]
            self.predictor = torch.nn.Linear(FACTORS, FACTORS)
            for layer in (*self.projections, self.predictor):
                torch.nn.init.xavier_normal_(layer.weight)
                torch.nn.init.zeros_(layer.bias)
                parameters += layer.parameters()
        self.adam = torch.optim.Adam(parameters, lr=RATE)

    def embed(self):
        layer = total = self.nodes
        for _ in range(LAYERS[self.name]):
            layer = Propagate.apply(self.matrix, layer)
            total = total + layer
        return total / (LAYERS[self.name] + 1)

    def negatives(self, user):
        """Uniform over the items that somebody has, drawn again where the user has them."""
        drawn = self.known[torch.randint(len(self.known), user.shape)]
        while True:
            wanted = user * self.items + drawn
            at = torch.searchsorted(self.keys, wanted).clamp(max=len(self.keys) - 1)
            taken = (self.keys[at] == wanted).nonzero().ravel()
            if len(taken) == 0:
                return drawn
            drawn[taken] = self.known[torch.randint(len(self.known), taken.shape)]

    def lightgcn(self, user, positive):
        nodes, negative = self.embed(), self.negatives(user)
        rows = (user, self.users + positive, self.users + negative)
        u, p, n = (nodes[row] for row in rows)
        loss = F.softplus(-((u * p).sum(1) - (u * n).sum(1))).mean()
        return loss + REGULARIZATION["lightgcn"] * sum(self.nodes[row].norm() for row in rows) / len(user)

    def bm3(self, user, positive):
        nodes = self.embed()
        users, items = nodes[:self.users], nodes[self.users:] + self.nodes[self.users:]
        cosine = lambda a, b: 1 - F.cosine_similarity(self.predictor(a), b).mean()  # noqa: E731
        noisy = lambda x: F.dropout(x.detach(), DROPOUT)  # noqa: E731
        u, i = users[user], items[positive]
        item = noisy(i)
        loss = cosine(u, item) + cosine(i, noisy(u))
        for table, project in zip(self.features, self.projections):
            rows = project(table[positive])
            loss = loss + CONTRAST * (cosine(rows, item) + cosine(rows, noisy(rows)))
        return loss + REGULARIZATION["bm3"] * (users.norm() + items.norm()) / self.items

    def epoch(self):
        total, order, loss_of = 0.0, torch.randperm(len(self.user)), getattr(self, self.name)
        for start in range(0, len(order), BATCH):
            batch = order[start:start + BATCH]
            self.adam.zero_grad()
            loss = loss_of(self.user[batch], self.positive[batch])
            loss.backward()
            self.adam.step()
            total += float(loss.detach()) * len(batch)
        return total / len(order)
