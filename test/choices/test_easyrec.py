# SPDX-License-Identifier: Apache-2.0
"""What TorchEasyRec's DlrmHSTU and ULTRA-HSTU choose: encoders, actions, interleaving, context, positions, masks, truncation, output norms."""
from dataclasses import dataclass

import numpy as np
import pytest

import variants

CASE = "tzrec_dlrm_hstu_add_sla"
WIDTH, HEADS, QK, V, LAYERS, CONTEXT, CONTEXT_IN, ITEM, TAIL, DIVISOR = 12, 3, 4, 8, 3, 2, 5, 12, 5, 17
HIDDEN, ACTION, POSITIONS, BUCKETS = 7, 3, 9, 11
P, STU = "_hstu_transducer._input_preprocessor.", "_hstu_transducer._stu_module._stu_layers."
POST = "_hstu_transducer._output_postprocessor."


@dataclass
class Choice:
    local: tuple = (4, 3)  # k1, k2 of the semi-local mask; () for the plain one
    reach: str = "ALL_HISTORY"  # of a candidate
    own: bool = False  # candidates see themselves
    past: int = 0  # of the plain mask's window
    context: bool = True
    tail: int = TAIL  # rows that are left behind layer 0; 0: all
    interleaved: bool = False
    actions: bool = True
    thresholds: bool = True
    contextual_mlps: bool = False
    padded: bool = False  # candidates are wider than the history, which has learned numbers there
    time: str = "LOG"  # SQRT, or none
    post: str = "l2"  # layer_norm, timestamp
    per_head: bool = True


PLAIN = dict(local=(), own=True)
CHOICES = {
    "no_truncation": Choice(tail=0),
    "local_alone": Choice(local=(3, 0), context=False),
    "prefix_alone": Choice(local=(0, 4)),
    "prefix_in_the_context": Choice(local=(2, 1)),
    "candidates_see_themselves": Choice(own=True),
    "candidates_look_back_from_the_end": Choice(reach="FROM_HISTORY_END"),
    "candidates_look_back_from_their_row": Choice(reach="FROM_OWN_ROW", own=True),
    "plain": Choice(**PLAIN),
    "window": Choice(**PLAIN, past=3),
    "window_no_context": Choice(**PLAIN, past=2, context=False, tail=0),
    "interleaved": Choice(interleaved=True),
    "interleaved_window": Choice(**PLAIN, past=4, interleaved=True, tail=0),
    "no_actions": Choice(actions=False),
    "no_thresholds_one_norm": Choice(thresholds=False, per_head=False),
    "contextual_mlps": Choice(contextual_mlps=True, tail=0),
    "padded": Choice(padded=True),
    "square_root": Choice(time="SQRT"),
    "no_time": Choice(time="none"),
    "no_time_no_context_interleaved": Choice(time="none", context=False, interleaved=True),
    "layer_norm": Choice(post="layer_norm"),
    "timestamp": Choice(post="timestamp"),
    "padded_interleaved_contextual_timestamp": Choice(**PLAIN, padded=True, interleaved=True, contextual_mlps=True, post="timestamp", time="SQRT", per_head=False),
}
COMPILED = {"interleaved": ("fp32",), "candidates_look_back_from_their_row": ("bf16",)}


def masks(choice):
    prefix = 'prefix_rows: "context" ' * choice.context
    if choice.local:
        mask = f"semi_local {{ local: {choice.local[0]} prefix: {choice.local[1]} {prefix}candidates: {choice.reach} }}"
    else:
        mask = 'context { rows: "context" } ' * choice.context
        mask += f"window {{ past: {choice.past} candidates: FROM_HISTORY_END }}" * bool(choice.past)
    return mask


def mlp(choice, name, node, input_, weights):
    if choice.contextual_mlps:
        return f'node {{ name: "{node}" contextual_mlp {{ input: "{input_}" context: "profile" eps: 1e-5 weights: "{P}{name}." }} }}\n'
    return f'node {{ name: "{node}" mlp {{ input: "{input_}" stage: [LINEAR, SWISH_NORM, LINEAR, LAYER_NORM] eps: 1e-5 weights: "{P}{name}.{weights}" }} }}\n'


def describe(choice):
    golden = 'semi_local { local: 4 prefix: 3 prefix_rows: "context" candidates: ALL_HISTORY }'
    text = variants.description(CASE, (golden, masks(choice)), ('see: NONE', f"see: {'SELF' if choice.own else 'NONE'}"),
                                ("divisor: 20", f"divisor: {DIVISOR}"), ("divisor: 11", f"divisor: {DIVISOR}"),
                                ('newest { of: "history" count: 6 }', f'newest {{ of: "{"pairs" if choice.interleaved else "history"}" count: {choice.tail or 1} }}'),
                                ("per_head: true", f"per_head: {str(choice.per_head).lower()}"), ("function: LOG unit: 45", f"function: {choice.time} unit: 45"))
    if not choice.local:
        text = text.replace("mask {\n", "mask {\n      causal {}\n")
    if choice.interleaved:
        text = text.replace('rows { name: "recent"', 'rows { name: "pairs" interleaved { of: "history" times: 2 } }\nrows { name: "recent"')
    # What goes into the sequence.
    text = variants.without(text, "items", "content", "action", "actions", "unknown_action", "events", "tokens")
    wide = ITEM + 2 * choice.padded
    new = ""
    if choice.padded:
        text = text.replace(f'name: "candidate"           rows: "candidates" type: FLOAT32 dims: {ITEM}', f'name: "candidate" rows: "candidates" type: FLOAT32 dims: {wide}')
        new += f'node {{ name: "not_there" splat_rows {{ rows: "history" weight: "{P}_content_encoder._target_enrich_dummy_embeddings" }} }}\n'
        new += 'node { name: "wide_item" concat_features { input: ["item", "not_there"] } }\n'
    new += f'node {{ name: "items" append {{ history: "{"wide_item" if choice.padded else "item"}" candidates: "candidate" }} }}\n'
    new += mlp(choice, "_content_embedding_mlp", "content", "items", "_mlp.{stage}.")
    context = 'context: "contexts" ' * choice.context
    action = mlp(choice, "_action_embedding_mlp", "action", "action_row" if choice.interleaved else "actions", "_mlp.{stage}.")
    if not choice.actions:
        text = variants.without(text, "bits", "action_row", "action_taken", "watch_time")
        new += f'node {{ name: "tokens" {f"append {{ {context}history:" if context else "scale { factor: 1 input:"} "content" }} }}\n'
    elif choice.interleaved:
        new += action + 'node { name: "content_past" select { input: "content" rows: "history" } }\nnode { name: "content_now" select { input: "content" rows: "candidates" } }\n'
        new += 'node { name: "events" interleave { input: ["content_past", "action"] } }\n'
        new += f'node {{ name: "tokens" append {{ {context}history: "events" candidates: "content_now" }} }}\n'
    else:
        new += f'node {{ name: "unknown_action" splat_rows {{ rows: "candidates" weight: "{P}_action_encoder._target_action_embedding_table" }} }}\n'
        new += 'node { name: "actions" append { history: "action_row" candidates: "unknown_action" } }\n' + action
        new += 'node { name: "events" add { input: ["content", "action"] } }\n'
        new += f'node {{ name: "tokens" {f"append {{ {context}history:" if context else "scale { factor: 1 input:"} "events" }} }}\n'
    text = text.replace("# The sequence.\n", new)
    if choice.actions and not choice.thresholds:
        text = variants.without(text, "bits", "watch_time").replace('input: "bits" bit: [1, 4, 16, 32]', 'input: "action_taken" bit: [1, 4]')
    if not choice.context:
        text = variants.without(text, "profile_0", "profile_1", "contexts", "early_context", *[] if choice.contextual_mlps else ["profile"])
        text = variants.without(text.replace('preset: TORCH_EASYREC context: "context"', "preset: TORCH_EASYREC"), "context")
        text = text.replace('append { context: "early_context" history', "append { history")
    if choice.time == "none":
        start = text.index("    time {")
        text = text[:start] + "  }\n}\n" + text[text.index('node {\n  name: "early"'):]
        text = text.replace("preset: TORCH_EASYREC", "sqrt_width {} count: FROM_OLDEST").replace('count: FROM_OLDEST context: "context"', "count: FROM_OLDEST")
        text = variants.without(text, "timestamp", "query_time", *[] if choice.post == "timestamp" else ["candidate_timestamp"])
    if not choice.tail:
        text = variants.without(text, "early_context", "early_recent", "early_candidates", "truncated", "late", "recent")
        text = text.replace("layers: 1   heads", f"layers: {LAYERS}   heads").replace('input: "late"', 'input: "early"')
    if choice.post != "l2":
        source, extra = "scored", ""
        if choice.post == "timestamp":
            source = "combined"
            extra = ('node { name: "calendar" calendar { input: "candidate_timestamp" period { seconds: 3600 steps: 24 } period { seconds: 86400 steps: 7 } two_pi: 6.28 } }\n'
                     'node { name: "dated" concat_features { input: ["scored", "calendar"] } }\n'
                     f'node {{ name: "combined" linear {{ input: "dated" weight: "{POST}_time_feature_combiner.weight" bias: "{POST}_time_feature_combiner.bias" }} }}\n')
        text = text.replace('node { name: "user"   l2_norm { input: "scored" eps: 1e-6 } }',
                            extra + f'node {{ name: "user" layer_norm {{ input: "{source}" eps: 1e-5 weight: "{POST}_layer_norm.weight" bias: "{POST}_layer_norm.bias" }} }}')
    tasks = 'node { name: "click" slice_features { input: "tasks" offset: 0 size: 1 } }\nnode { name: "like" slice_features { input: "tasks" offset: 1 size: 2 } }\n'
    return text.replace('output { node: "tasks" }', tasks + 'output { node: "click" }\noutput { node: "like" }')


def make_weights(choice, seed):
    wide, bits = ITEM + 2 * choice.padded, 2 + 2 * choice.thresholds
    linear = lambda name, out, in_: {f"{name}.weight": (out, in_), f"{name}.bias": (out,)}
    norm = lambda name, *dims: {f"{name}.weight": dims, f"{name}.bias": dims}
    simple = lambda name, in_: linear(f"{name}.0", HIDDEN, in_) | norm(f"{name}.1", HIDDEN) | linear(f"{name}.2", WIDTH, HIDDEN) | norm(f"{name}.3", WIDTH)

    def encoder(name, in_):
        if not choice.contextual_mlps:
            return simple(f"{P}{name}._mlp", in_)
        p = f"{P}{name}."
        return (linear(p + "_dense_features_compress", 6, CONTEXT * CONTEXT_IN) | linear(p + "_attn_raw_weights.0", in_ * WIDTH, 6) | norm(p + "_attn_weights_norm", in_, WIDTH)
                | linear(p + "_res_weights.0", HIDDEN, 6) | norm(p + "_res_weights.1", HIDDEN) | linear(p + "_res_weights.2", WIDTH, HIDDEN))

    shapes = encoder("_content_embedding_mlp", wide) | simple("_item_embedding_mlp", wide) | linear("_multitask_module.linear", 3, WIDTH)
    if choice.actions:
        shapes |= {f"{P}_action_encoder._action_embedding_table": (bits, ACTION)} | encoder("_action_embedding_mlp", bits * ACTION)
        if not choice.interleaved:
            shapes[f"{P}_action_encoder._target_action_embedding_table"] = (1, bits * ACTION)
    if choice.padded:
        shapes[f"{P}_content_encoder._target_enrich_dummy_embeddings"] = (1, 2)
    if choice.context:
        shapes |= {f"{P}_batched_contextual_linear_weights": (CONTEXT, CONTEXT_IN, WIDTH), f"{P}_batched_contextual_linear_bias": (CONTEXT, 1, WIDTH)}
    shapes["_hstu_transducer._positional_encoder._position_embeddings_weight"] = (POSITIONS, WIDTH)
    if choice.time != "none":
        shapes["_hstu_transducer._positional_encoder._timestamp_embeddings_weight"] = (BUCKETS, WIDTH)
    for layer in range(LAYERS):
        p = f"{STU}{layer}."
        shapes |= {f"{p}_uvqk_weight": (WIDTH, 2 * HEADS * (V + QK)), f"{p}_uvqk_beta": (2 * HEADS * (V + QK),), f"{p}_output_weight": (3 * HEADS * V, WIDTH)}
        for part in ("weight", "bias"):
            shapes |= {f"{p}_input_norm_{part}": (WIDTH,), f"{p}_output_norm_{part}": (HEADS if choice.per_head else HEADS * V,)}
    if choice.post != "l2":
        shapes |= norm(POST + "_layer_norm", WIDTH) | (linear(POST + "_time_feature_combiner", WIDTH, WIDTH + 4) if choice.post == "timestamp" else {})
    rng = np.random.default_rng(seed)
    return {name: (rng.standard_normal(shape) * 0.4).astype(np.float32) for name, shape in shapes.items()}


def make_requests(choice, seed, users=64):
    rng = np.random.default_rng(seed)
    history, candidates = rng.integers(0, 13, users), rng.integers(1, 5, users)
    history[:4] = [0, TAIL, TAIL + 1, 12]
    n, m = history.sum(), candidates.sum()
    now = rng.integers(1_600_000_000, 1_700_000_000, users)
    requests = {
        "history.offsets": variants.offsets_of(history),
        "candidates.offsets": variants.offsets_of(candidates),
        "item": rng.standard_normal((n, ITEM)).astype(np.float32),
        "candidate": rng.standard_normal((m, ITEM + 2 * choice.padded)).astype(np.float32),
    }
    if choice.context or choice.contextual_mlps:
        requests["profile"] = rng.standard_normal((users, CONTEXT * CONTEXT_IN)).astype(np.float32)
    if choice.actions:
        requests["action_taken"] = rng.choice([0, 1, 4, 5, 2], n)
        if choice.thresholds:
            requests["watch_time"] = rng.integers(0, 100, n)
    if choice.time != "none":
        requests |= {"timestamp": np.repeat(now, history) - (10 ** rng.uniform(0, 6, n)).astype(np.int64), "query_time": now}
    if choice.time != "none" or choice.post == "timestamp":
        requests["candidate_timestamp"] = np.repeat(now, candidates)
    return requests


class Network:
    def __init__(self, choice, weights):
        self.choice, self.w = choice, {name: value.astype(np.float64) for name, value in weights.items()}

    def linear(self, x, name):
        return x @ self.w[f"{name}.weight"].T + self.w[f"{name}.bias"]

    @staticmethod
    def standard(x, eps, axes=(-1,)):
        return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + eps)

    def norm(self, x, name, axes=(-1,)):
        return self.standard(x, 1e-5, axes) * self.w[f"{name}.weight"] + self.w[f"{name}.bias"]

    def swish(self, x, name):
        return x / (1 + np.exp(-self.norm(x, name)))

    def simple(self, x, name):
        return self.norm(self.linear(self.swish(self.linear(x, f"{name}.0"), f"{name}.1"), f"{name}.2"), f"{name}.3")

    def encode(self, x, profile, name):
        if not self.choice.contextual_mlps:
            return self.simple(x, f"{P}{name}._mlp")
        p = f"{P}{name}."
        s = self.linear(profile, p + "_dense_features_compress")
        matrix = self.norm(self.linear(s, p + "_attn_raw_weights.0").reshape(x.shape[1], WIDTH), p + "_attn_weights_norm", (0, 1))
        return x @ matrix + self.linear(self.swish(self.linear(s, p + "_res_weights.0"), p + "_res_weights.1"), p + "_res_weights.2")

    def actions(self, user):
        bits = user["action_taken"]
        weights = [1, 4]
        if self.choice.thresholds:
            weights += [16, 32]
            bits = bits | 16 * (user["watch_time"] >= 30) | 32 * (user["watch_time"] >= 70)
        table = self.w[f"{P}_action_encoder._action_embedding_table"]
        return np.concatenate([np.where((bits & weight)[:, None] != 0, table[i], 0) for i, weight in enumerate(weights)], 1)

    def sequence(self, user):
        """Rows and times, before positions are added: context, history, candidates."""
        choice, item, candidate = self.choice, user["item"].astype(np.float64), user["candidate"].astype(np.float64)
        if choice.padded:
            item = np.concatenate([item, np.repeat(self.w[f"{P}_content_encoder._target_enrich_dummy_embeddings"], len(item), 0)], 1)
        profile, n = user.get("profile"), len(item)
        rows = self.encode(np.concatenate([item, candidate]), profile, "_content_embedding_mlp")
        times = np.concatenate([user.get("timestamp", np.zeros(n, int)), user.get("candidate_timestamp", np.zeros(len(candidate), int))])
        if choice.actions:
            done = self.actions(user)
            if choice.interleaved:
                done = self.encode(done, profile, "_action_embedding_mlp")
                rows = np.concatenate([np.stack([rows[:n], done], 1).reshape(-1, WIDTH), rows[n:]])
                times = np.concatenate([np.repeat(times[:n], 2), times[n:]])
            else:
                unknown = np.repeat(self.w[f"{P}_action_encoder._target_action_embedding_table"], len(candidate), 0)
                rows = rows + self.encode(np.concatenate([done, unknown]), profile, "_action_embedding_mlp")
        if choice.context:
            parts = profile.astype(np.float64).reshape(CONTEXT, 1, CONTEXT_IN)
            context = parts @ self.w[f"{P}_batched_contextual_linear_weights"] + self.w[f"{P}_batched_contextual_linear_bias"]
            rows, times = np.concatenate([context[:, 0], rows]), np.concatenate([np.zeros(CONTEXT, int), times])
        return rows, times, len(candidate)

    def positioned(self, rows, times, candidates):
        choice, context = self.choice, CONTEXT * self.choice.context
        history = len(rows) - candidates
        places = np.arange(len(rows))
        if choice.time == "none":
            places = np.minimum(places, history)
        else:
            places = np.where(places < context, places, history - np.minimum(places, history) + context)
        table = self.w["_hstu_transducer._positional_encoder._position_embeddings_weight"]
        rows = rows * np.sqrt(WIDTH) + table[np.minimum(places, POSITIONS - 1)]
        if choice.time != "none":
            age = np.maximum((times[-1] - times).astype(np.float32), np.float32(1e-6)) / np.float32(45)
            grown = np.log(age.astype(np.float64)).astype(np.float32) if choice.time == "LOG" else np.sqrt(age)
            last = np.float32(BUCKETS - 1)
            buckets = (np.clip(grown / last, np.float32(0), np.float32(1)) * last).astype(int)
            rows = rows + self.w["_hstu_transducer._positional_encoder._timestamp_embeddings_weight"][buckets]
        return rows

    def sees(self, row, column, history):
        choice, context = self.choice, CONTEXT * self.choice.context
        if column >= history:
            return row == column and choice.own
        if choice.local:
            k1, k2 = choice.local[0], max(choice.local[1], context)
            if row < history:
                return column <= row and (column < k2 or column > row - k1)
            end = row if choice.reach == "FROM_OWN_ROW" else history
            return choice.reach == "ALL_HISTORY" or column < k2 or column > end - k1
        if row < context:
            return True
        own, other = min(row, history), max(column, context - 1) if context else column
        return (row == column or column < own) and (not choice.past or own - other <= choice.past)

    def layer(self, x, candidates, index):
        p, w = f"{STU}{index}.", self.w
        history = len(x) - candidates
        z = self.standard(x, 1e-6) * w[p + "_input_norm_weight"] + w[p + "_input_norm_bias"]
        u, v, q, k = np.split(z @ w[p + "_uvqk_weight"] + w[p + "_uvqk_beta"], np.cumsum([HEADS * V, HEADS * V, HEADS * QK]), 1)
        u = u / (1 + np.exp(-u))
        seen = np.array([[self.sees(row, column, history) for column in range(len(x))] for row in range(len(x))], bool)
        heads = []
        for h in range(HEADS):
            s = q[:, h * QK : (h + 1) * QK] @ k[:, h * QK : (h + 1) * QK].T / np.sqrt(QK)
            heads.append(s / (1 + np.exp(-s)) / DIVISOR * seen @ v[:, h * V : (h + 1) * V])
        a, gain, shift = np.concatenate(heads, 1), w[p + "_output_norm_weight"], w[p + "_output_norm_bias"]
        if self.choice.per_head:
            normed = np.concatenate([self.standard(one, 1e-6) * gain[h] + shift[h] for h, one in enumerate(heads)], 1)
        else:
            normed = self.standard(a, 1e-6) * gain + shift
        return x + np.concatenate([u, a, u * normed], 1) @ w[p + "_output_weight"]

    def user(self, user):
        choice, context = self.choice, CONTEXT * self.choice.context
        rows, times, candidates = self.sequence(user)
        result = {"tokens": rows, "positioned": self.positioned(rows, times, candidates)}
        x = result["positioned"]
        for index in range(LAYERS):
            if index == 1 and choice.tail:
                x = np.concatenate([x[:context], x[context : len(x) - candidates][-choice.tail :], x[len(x) - candidates :]])
            x = self.layer(x, candidates, index)
        x = x[len(x) - candidates :]
        if choice.post == "l2":
            x = x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-6)
        else:
            if choice.post == "timestamp":
                stamp = user["candidate_timestamp"].astype(np.float32)[:, None]
                periods, steps = np.array([3600.0, 86400.0]), np.array([24, 7], np.float32)
                phase = np.floor(stamp.astype(np.float64) / periods).astype(np.float32) % steps / steps
                angle = (phase * np.float32(2) * np.float32(3.14)).astype(np.float64)
                x = np.concatenate([x, np.stack([np.cos(angle), np.sin(angle)], -1).reshape(len(x), 4)], 1)
                x = self.linear(x, POST + "_time_feature_combiner")
            x = self.norm(x, POST + "_layer_norm")
        tasks = self.linear(x * self.simple(user["candidate"].astype(np.float64), "_item_embedding_mlp"), "_multitask_module.linear")
        return result | {"user": x, "click": tasks[:, :1], "like": tasks[:, 1:]}

    def run(self, requests):
        by_rows = {"history": ("item", "action_taken", "watch_time", "timestamp"), "candidates": ("candidate", "candidate_timestamp")}
        parts = {name: variants.cut(requests[name], requests[f"{rows}.offsets"]) for rows, names in by_rows.items() for name in names if name in requests}
        parts |= {name: requests[name] for name in ("profile",) if name in requests}
        users = [self.user({name: value[b] for name, value in parts.items()}) for b in range(len(requests["history.offsets"]) - 1)]
        return {name: np.concatenate([user[name] for user in users]) for name in users[0]}


@pytest.mark.parametrize("name", CHOICES)
def test_choice(name, tmp_path):
    choice = CHOICES[name]
    weights, requests = make_weights(choice, len(name)), make_requests(choice, len(name))
    variants.held(name, describe(choice), weights, requests, Network(choice, weights).run(requests), tmp_path, COMPILED.get(name, ()))
