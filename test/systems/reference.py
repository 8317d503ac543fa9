# SPDX-License-Identifier: Apache-2.0
"""Systems without stored results, in NumPy, from their papers: random weights and requests, and what they must give.

Each function returns (weights, requests, expected) for the description of its name.
"""
import math

import numpy as np

# Many requests: the contract is about greatest errors, and of five numbers the greatest error is luck.
LENGTHS = [3, 0, 7, 1, 5, *np.random.default_rng(0).integers(0, 9, 59).tolist()]


class Weights:
    """Makes a tensor when it is first asked for; computes in double with what fp32 holds."""

    def __init__(self, seed):
        self.random, self.tensors = np.random.default_rng(seed), {}

    def get(self, name, *shape, positive=False):
        if name not in self.tensors:
            values = self.random.standard_normal(shape) * (0.5 if len(shape) > 1 else 1)
            self.tensors[name] = (np.abs(values) + 0.1 if positive else values).astype(np.float32)
        assert self.tensors[name].shape == shape
        return self.tensors[name].astype(np.float64)

    def linear(self, x, name, outputs, bias=True):
        y = x @ self.get(f"{name}.weight", outputs, x.shape[1]).T
        return y + self.get(f"{name}.bias", outputs) if bias else y

    def batch_norm(self, x, name):
        size = x.shape[1]
        self.tensors.setdefault(f"{name}.num_batches_tracked", np.array(7, np.int64))
        centered = x - self.get(f"{name}.running_mean", size)
        scaled = centered / np.sqrt(self.get(f"{name}.running_var", size, positive=True) + 1e-5)
        return scaled * self.get(f"{name}.weight", size) + self.get(f"{name}.bias", size)


def offsets(lengths):
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def relu(x):
    return np.maximum(x, 0)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    e = np.exp(x - x.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def unit(x, eps):
    return x / np.maximum(np.sqrt((x * x).sum(1, keepdims=True)), eps)


def random_floats(random, *shape):
    return random.standard_normal(shape).astype(np.float32)


def dssm():
    """RecBole's: user and item towers of Linear, BatchNorm, tanh; the prediction is the sigmoid of the cosine."""
    w = Weights(1)
    count, rows = len(LENGTHS), sum(LENGTHS)
    requests = {
        "items.offsets": offsets(LENGTHS),
        "user_id": w.random.integers(0, 11, count),
        "occupation": w.random.integers(0, 5, count),
        "item_id": w.random.integers(0, 13, rows),
        "release_year": w.random.integers(0, 7, rows),
        "class": w.random.integers(0, 6, (rows, 4)),
    }
    requests["class"][1:3] = 0  # items without a class
    tokens, classes = w.get("tokens.weight", 36, 8), w.get("classes.weight", 6, 8)

    def tower(x, name):
        for stage, width in ((1, 10), (5, 6)):
            x = np.tanh(w.batch_norm(w.linear(x, f"{name}.{stage}", width), f"{name}.{stage + 1}"))
        return x

    user = tower(np.concatenate([tokens[requests["user_id"]], tokens[11 + requests["occupation"]]], 1), "user_mlp_layers")
    there = requests["class"] != 0
    mean = (classes[requests["class"]] * there[:, :, None]).sum(1) / np.maximum(there.sum(1), 1)[:, None]
    item = tower(np.concatenate([mean, tokens[16 + requests["item_id"]], tokens[29 + requests["release_year"]]], 1), "item_mlp_layers")
    cosine = (np.repeat(unit(user, 1e-8), LENGTHS, 0) * unit(item, 1e-8)).sum(1, keepdims=True)
    return w.tensors, requests, {"user": user, "item": item, "cosine": cosine, "pred": sigmoid(cosine)}


def two_tower():
    """A user tower over pooled history and profile; items are rows of a table of unit vectors; row 0 is padding."""
    w = Weights(2)
    ids = w.random.integers(1, 40, sum(LENGTHS))
    requests = {"history.offsets": offsets(LENGTHS), "item_id": ids, "age": random_floats(w.random, len(LENGTHS), 3)}
    seen = [ids[begin:end] for begin, end in zip(offsets(LENGTHS), offsets(LENGTHS)[1:])]
    rows = [w.get("history.weight", 40, 8)[part] for part in seen]
    pooled = [[part.mean(0), part.max(0)] if len(part) else np.zeros((2, 8)) for part in rows]
    x = np.concatenate([np.array(pooled).reshape(len(seen), 16), requests["age"]], 1)
    user = unit(w.linear(relu(w.linear(x, "tower.0", 12)), "tower.2", 6), 1e-12)
    scores = user @ unit(w.get("items.weight", 40, 6)[1:], 1e-12).T
    allowed = scores.copy()
    for request, part in enumerate(seen):
        allowed[request, part - 1] = -np.inf
    best = np.argsort(-allowed, 1, kind="stable")[:, :6]
    expected = {"user": user, "scores": scores, "topk.ids": best + 1, "topk.scores": np.take_along_axis(allowed, best, 1)}
    return w.tensors, requests, expected


def users_and_items(w):
    """A request is a user of 5 numbers with items of 4; x has both in each row."""
    requests = {
        "items.offsets": offsets(LENGTHS), "user": random_floats(w.random, len(LENGTHS), 5), "item": random_floats(w.random, sum(LENGTHS), 4),
    }
    x = np.concatenate([np.repeat(requests["user"], LENGTHS, 0), requests["item"]], 1).astype(np.float64)
    return requests, x


def mix(gate, experts):
    return sum(gate[:, i : i + 1] * expert for i, expert in enumerate(experts))


def mmoe():
    """KDD 2018: f_k(x) = h_k(sum over i of softmax(W_k x)_i f_i(x)), gates without a bias."""
    w = Weights(3)
    requests, x = users_and_items(w)
    experts = [relu(w.linear(relu(w.linear(x, f"experts.{i}.0", 10)), f"experts.{i}.2", 7)) for i in range(3)]
    expected = {f"expert_{i}": expert for i, expert in enumerate(experts)}
    for task, name in enumerate(("click", "like")):
        gate = softmax(w.linear(x, f"gates.{task}", 3, bias=False))
        mixed = mix(gate, experts)
        tower = relu(w.linear(mixed, f"towers.{task}.0", 6))
        expected |= {f"{name}_gate": gate, f"{name}_mix": mixed, name: sigmoid(w.linear(tower, f"towers.{task}.2", 1))}
    return w.tensors, requests, expected


def ple():
    """RecSys 2020: in each level task k mixes its experts and the shared ones, gated by its own input; the shared gate mixes all experts."""
    w = Weights(4)
    requests, x = users_and_items(w)
    inputs, expected = {"a": x, "b": x, "s": x}, {}
    for level, prefix in enumerate(("", "top_")):
        experts = {k: [relu(w.linear(inputs[k], f"levels.{level}.{k}.{i}", 8)) for i in range(2)] for k in "abs"}
        mixes = {"a": experts["a"] + experts["s"], "b": experts["b"] + experts["s"]}
        if level == 0:
            mixes["s"] = experts["a"] + experts["b"] + experts["s"]
        inputs = {k: mix(softmax(w.linear(inputs[k], f"levels.{level}.gate.{k}", len(v), bias=False)), v) for k, v in mixes.items()}
        expected |= {prefix + k: value for k, value in inputs.items()}
    for k, name in (("a", "click"), ("b", "like")):
        tower = relu(w.linear(inputs[k], f"towers.{k}.0", 6))
        expected[name] = sigmoid(w.linear(tower, f"towers.{k}.2", 1))
    return w.tensors, requests, expected


def deepfm():
    """IJCAI 2017, with wide's bags: first order + sum of the dots of all pairs of fields + MLP; a number's field is a vector times it."""
    w = Weights(5)
    kinds = w.random.integers(0, 6, (len(LENGTHS), 5))
    kinds[1] = 2  # nothing but padding
    requests = {
        "words.offsets": offsets(LENGTHS), "kinds": kinds, "word": w.random.integers(0, 9, sum(LENGTHS)),
        "number": random_floats(w.random, len(LENGTHS), 1),
    }
    there = (kinds != 2)[:, :, None]
    words = np.repeat(np.eye(len(LENGTHS)), LENGTHS, 1)  # [requests, words]

    def bag(name, width):
        table = w.get(name, 6, width)[kinds]
        most = np.where(there, table, -np.inf).max(1)
        return (table * there).sum(1), np.where(there.any(1), most, 0)

    kind, most = bag("embedding.0.weight", 8)
    number = w.get("dense_embedding", 1, 8) * requests["number"]
    fields = np.stack([kind, most, words @ w.get("embedding.1.weight", 9, 8)[requests["word"]], number], 1)
    first = w.get("first_order.1.weight", 9)[requests["word"]][:, None]
    wide = bag("first_order.0.weight", 1)[0] + words @ first + w.linear(requests["number"].astype(float), "wide", 1)
    fm = sum((fields[:, i] * fields[:, j]).sum(1, keepdims=True) for i in range(4) for j in range(i))
    hidden = w.linear(fields.reshape(-1, 32), "mlp.0", 7)
    deep = w.linear(np.where(hidden > 0, hidden, 0.1 * hidden), "mlp.2", 1)
    return w.tensors, requests, {"vectors": fields, "wide": wide, "fm": fm, "deep": deep, "pred": sigmoid(wide + fm + deep)}


def dcnv2_stacked():
    """WWW 2021: x_{l+1} = x_0 * (W x_l + b) + x_l, then an MLP."""
    w = Weights(6)
    requests = {"x": random_floats(w.random, 7, 11)}
    x0 = x = requests["x"].astype(float)
    expected = {}
    for layer in range(2):
        x = x0 * (x @ w.get(f"cross_layer_w.{layer}", 11, 11).T + w.get(f"bias.{layer}", 11, 1)[:, 0]) + x
        expected[f"crossed.layers.{layer}"] = x
    deep = relu(w.linear(relu(w.linear(x, "mlp.0", 9)), "mlp.2", 5))
    return w.tensors, requests, {**expected, "deep": deep, "pred": sigmoid(w.linear(deep, "predict", 1))}


def din_dice():
    """KDD 2018 with FuxiCTR's Dice: p x + alpha (1 - p) x, p the sigmoid of x standardized by running statistics, eps 1e-9."""
    w = Weights(7)
    requests = {
        "history.offsets": offsets(LENGTHS), "item": w.random.integers(0, 20, sum(LENGTHS)), "target": w.random.integers(0, 20, len(LENGTHS)),
    }

    def dice(x, name):
        size = x.shape[1]
        standard = (x - w.get(f"{name}.bn.running_mean", size)) / np.sqrt(w.get(f"{name}.bn.running_var", size, positive=True) + 1e-9)
        p = sigmoid(standard)
        return p * x + w.get(f"{name}.alpha", size) * (1 - p) * x

    def network(x, name):
        return w.linear(dice(w.linear(x, f"{name}.0", 10), f"{name}.1"), f"{name}.2", 1)

    table = w.get("items.weight", 20, 6)
    k, target = table[requests["item"]], table[requests["target"]]
    q = np.repeat(target, LENGTHS, 0)
    relevance = network(np.concatenate([q, k, q - k, q * k], 1), "attention")
    interest = np.repeat(np.eye(len(LENGTHS)), LENGTHS, 1) @ (relevance * k)
    logit = network(np.concatenate([interest, target], 1), "dnn")
    return w.tensors, requests, {"relevance": relevance, "interest": interest, "logit": logit, "pred": sigmoid(logit)}


def interactrank_sequence():
    """Pinterest's UserSequenceLayer: (x + time row) summed with a weight for each place, plus softmax(searchsage . x) x; padding counts."""
    w = Weights(8)
    lengths = [3, 0, 9, 6]
    now = w.random.integers(1_600_000_000_000, 1_700_000_000_000, len(lengths))
    age = np.floor(np.exp(w.random.uniform(0, 21, sum(lengths)))).astype(np.int64)
    age[:4] = 0, 1, 3_600_000, 3_600_001
    requests = {
        "actions.offsets": offsets(lengths), "vector": random_floats(w.random, sum(lengths), 5), "now_ms": now,
        "time_ms": np.repeat(now, lengths) - age, "searchsage": random_floats(w.random, len(lengths), 5),
    }
    boundaries = np.array([0, *np.exp(np.arange(6))], np.float32)
    rows, conv, bias = w.get("time_emb.weight", 8, 5), w.get("conv.weight", 6), w.get("conv.bias", 1)
    sums, attended = [], []
    for request, begin in enumerate(offsets(lengths)[:-1]):
        x, ages, count = np.zeros((6, 5)), np.zeros(6, np.int64), min(lengths[request], 6)
        x[:count], ages[:count] = requests["vector"][begin : begin + count], age[begin : begin + count]
        hours = ages.astype(np.float32) / np.float32(3_600_000)
        x = x + rows[np.searchsorted(boundaries, hours, side="left")]
        weights = softmax((x @ requests["searchsage"][request].astype(float))[None])
        sums.append(conv @ x + bias)
        attended.append((weights @ x)[0])
    sums, attended = np.array(sums), np.array(attended)
    return w.tensors, requests, {"conv": sums, "attended": attended, "summary": sums + attended}


def layer_norm(w, x, name):
    centered = x - x.mean(1, keepdims=True)
    scaled = centered / np.sqrt((centered**2).mean(1, keepdims=True) + 1e-12)
    return scaled * w.get(f"{name}.weight", x.shape[1]) + w.get(f"{name}.bias", x.shape[1])


def gelu(x):
    return x / 2 * (1 + np.vectorize(math.erf, otypes=[float])(x / math.sqrt(2)))


def bert4rec():
    """spec/systems.md 20: the last four or five items, then [MASK]; bidirectional, norms behind the residuals; Linear, GELU, norm, items."""
    w, items, width, heads = Weights(5), 20, 8, 2
    lengths = [3, 0, 7, 1, 5]
    ids = w.random.integers(1, items, sum(lengths))
    requests = {"history.offsets": offsets(lengths), "item": ids}
    table = w.get("item_embedding.weight", items + 1, width)  # row 0 is padding, the last one [MASK]

    def block(x, layer):
        name = f"trm_encoder.layer.{layer}."
        q, k, v = (w.linear(x, f"{name}multi_head_attention.{part}", width).reshape(len(x), heads, -1) for part in ("query", "key", "value"))
        scores = np.einsum("qhd,khd->hqk", q, k) / math.sqrt(width / heads)
        seen = np.stack([softmax(head) for head in scores])
        attended = np.einsum("hqk,khd->qhd", seen, v).reshape(len(x), width)
        x = layer_norm(w, w.linear(attended, f"{name}multi_head_attention.dense", width) + x, f"{name}multi_head_attention.LayerNorm")
        inner = w.linear(gelu(w.linear(x, f"{name}feed_forward.dense_1", 4 * width)), f"{name}feed_forward.dense_2", width)
        return layer_norm(w, inner + x, f"{name}feed_forward.LayerNorm")

    states, layers = [], [[], []]
    for begin, end in zip(offsets(lengths), offsets(lengths)[1:]):
        tokens = np.concatenate([ids[begin:end][-5:], [items]])
        x = layer_norm(w, table[tokens] + w.get("position_embedding.weight", 6, width)[: len(tokens)], "LayerNorm")
        for layer in range(2):
            x = block(x, layer)
            layers[layer].append(x)
        states.append(x[-1])
    hidden = layer_norm(w, gelu(w.linear(np.stack(states), "output_ffn", width)), "output_ln")
    scores = hidden @ table[:items].T + w.get("output_bias", items)
    allowed = scores.copy()
    allowed[:, 0] = -np.inf
    for request, (begin, end) in enumerate(zip(offsets(lengths), offsets(lengths)[1:])):
        allowed[request, ids[begin:end]] = -np.inf
    best = np.argsort(-allowed, 1, kind="stable")[:, :5]
    expected = {"scores": scores, "topk.ids": best, "topk.scores": np.take_along_axis(allowed, best, 1)}
    return w.tensors, requests, expected | {f"states.layers.{i}.out": np.concatenate(layers[i]) for i in range(2)}


def join(table, bags, numbers, kind, padding=None):
    """The rows of each bag of ids, joined; zeros of none."""
    def of(ids):
        rows = table[ids[ids != padding]] if padding is not None else table[ids]
        return getattr(rows, kind)(0) if len(rows) else np.zeros(table.shape[1])
    parts = np.split(numbers, bags[1:-1])
    return np.stack([of(ids) for ids in parts]) if len(bags) > 1 else np.zeros((0, table.shape[1]))


def item_tags():
    """Bags of tags for each event and each candidate: embedding bags over offsets, as torch.nn.EmbeddingBag has them."""
    w = Weights(10)
    scored = w.random.integers(0, 6, len(LENGTHS))
    sizes = {"tags": w.random.integers(0, 6, sum(LENGTHS)), "candidate_tags": w.random.integers(0, 10, scored.sum())}
    sizes["tags"][3:6] = 9, 0, 1
    requests = {
        "history.offsets": offsets(LENGTHS),
        "candidates.offsets": offsets(scored),
        "tags.offsets": offsets(sizes["tags"]),
        "candidate_tags.offsets": offsets(sizes["candidate_tags"]),
        "item": w.random.integers(0, 13, sum(LENGTHS)),
        "tag": w.random.integers(0, 7, sizes["tags"].sum()),
        "candidate": w.random.integers(0, 13, scored.sum()),
        "candidate_tag": w.random.integers(0, 2**40, sizes["candidate_tags"].sum()),
    }
    items, tags, hashed = w.get("items.weight", 13, 8), w.get("tags.weight", 7, 6), w.get("hashed.weight", 11, 5)
    bags = requests["tags.offsets"]
    mean = join(tags, bags, requests["tag"], "mean")
    most = join(tags, bags, requests["tag"], "max", padding=3)
    event = relu(w.linear(np.concatenate([items[requests["item"]], mean, most], 1), "event.0", 10))
    ends = requests["history.offsets"]
    user = np.stack([event[a:b].mean(0) if b > a else np.zeros(10) for a, b in zip(ends, ends[1:])])
    bucket = np.array([(31 * int(tag) + 7) % 1000003 % 11 for tag in requests["candidate_tag"]], np.int64)
    joined = join(hashed, requests["candidate_tags.offsets"], bucket, "sum")
    features = np.concatenate([np.repeat(user, scored, 0), items[requests["candidate"]], joined], 1)
    score = w.linear(relu(w.linear(features, "top.0", 12)), "top.2", 1)
    return w.tensors, requests, {"score": score, "tag_mean": mean}


def valid_events():
    """Events watched for 30 seconds alone are the history; candidates that are not allowed get no score."""
    w = Weights(11)
    scored = w.random.integers(0, 8, len(LENGTHS))
    requests = {
        "history.offsets": offsets(LENGTHS),
        "candidates.offsets": offsets(scored),
        "item": w.random.integers(0, 13, sum(LENGTHS)),
        "seconds": w.random.choice([0, 29, 30, 31, 500], sum(LENGTHS)),
        "candidate": w.random.integers(0, 13, scored.sum()),
        "allowed": w.random.choice([0, 1, 5], scored.sum()),
    }
    items, places = w.get("items.weight", 13, 8), w.get("places.weight", 6, 8)
    attended, users, means, kept = [], [], [], []
    per_request = lambda name, lengths: np.split(requests[name], offsets(lengths)[1:-1])
    for ids, seconds in zip(per_request("item", LENGTHS), per_request("seconds", LENGTHS)):
        valid = items[ids[seconds >= 30]]
        tokens = valid[-6:] + places[: min(len(valid), 6)]
        heads = tokens.reshape(-1, 2, 4)
        rows = np.zeros((len(tokens), 2, 4))
        for i in range(len(tokens)):
            p = softmax(np.einsum("ha,cha->hc", heads[i], heads[: i + 1]) / 2.0)
            rows[i] = np.einsum("hc,chv->hv", p, heads[: i + 1])
        attended.append(rows.reshape(-1, 8))
        users.append(attended[-1][-1] if len(valid) else np.zeros(8))
        means.append(valid.mean(0) if len(valid) else np.zeros(8))
    for ids, allowed in zip(per_request("candidate", scored), per_request("allowed", scored)):
        kept.append(ids[allowed != 0])
    counts = [len(ids) for ids in kept]
    kept = np.concatenate(kept)
    features = np.concatenate([np.repeat(users, counts, 0), np.repeat(means, counts, 0), items[kept]], 1)
    score = w.linear(relu(w.linear(features, "top.0", 12)), "top.2", 1)
    return w.tensors, requests, {"score": score, "kept_item": kept, "attended": np.concatenate(attended)}


SYSTEMS = {function.__name__: function for function in (dssm, two_tower, mmoe, ple, deepfm, dcnv2_stacked, din_dice, interactrank_sequence, bert4rec, item_tags, valid_events)}
