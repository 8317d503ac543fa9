# SPDX-License-Identifier: Apache-2.0
"""MovieLens 100K: fetches it, and rebuilds the requests of the test split that the stored results belong to.

The rows come from the PyPI wheel of recbole, which ships the data set as an example; none of them is kept in this repository.
Each function returns (request tensors, labels). A request tensor over a row space holds the rows of all requests, one after another;
`SPACE.offsets` says where each request begins.
"""
import hashlib
import subprocess
import sys
import zipfile

import numpy as np

WHEEL = "recbole==1.2.1"
FOLDER = "recbole/dataset_example/ml-100k/"
FILES = {
    "ml-100k.inter": "4edb74e2a81178c2ba9ff381495f754f996c4aea351b1272ca36b43da0935eff",
    "ml-100k.item": "51d7cdf777ce5c0f5b32c1d947a4a81fe07d75e78abbe761e0cd4d0756064532",
    "ml-100k.user": "4f670007d9cfbeb9807e757209af1555b9bcc186bde25e767f67cb67c6dd5972",
}


def fetch(directory):
    """Puts the files into `directory`, unless they are there; raises RuntimeError when the wheel cannot be had."""
    directory.mkdir(parents=True, exist_ok=True)
    if not all((directory / name).exists() for name in FILES):
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", WHEEL, "-d", str(directory)]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
            wheel = next(directory.glob("recbole-*.whl"))
            with zipfile.ZipFile(wheel) as archive:
                for name in FILES:
                    (directory / name).write_bytes(archive.read(FOLDER + name))
            wheel.unlink()
        except subprocess.SubprocessError as error:
            raise RuntimeError((getattr(error, "stderr", None) or str(error)).strip().splitlines()[-1]) from error
        except (OSError, KeyError, StopIteration, zipfile.BadZipFile) as error:
            raise RuntimeError(f"{WHEEL}: {error}") from error
    for name, expected in FILES.items():
        digest = hashlib.sha256((directory / name).read_bytes()).hexdigest()
        if digest != expected:
            (directory / name).unlink()
            raise RuntimeError(f"{name} has SHA-256 {digest}, expected {expected}")


def read(path):
    """The rows of a tab-separated file, without its header."""
    return [line.rstrip("\n").split("\t") for line in path.open(encoding="utf-8")][1:]


def interactions(directory):
    """user, item, rating and timestamp of all rows, by time and then line."""
    rows = np.array([[int(float(cell)) for cell in row[:4]] for row in read(directory / "ml-100k.inter")])
    return rows[np.argsort(rows[:, 3], kind="stable")]


def offsets(histories):
    return np.concatenate([[0], np.cumsum([len(history) for history in histories])]).astype(np.int64)


def next_item(directory, times):
    """The last item of each user is to be found from all those before it: 943 requests. With `times` the history's timestamps and the time
    of the request are inputs too."""
    rows = interactions(directory)
    users = [rows[rows[:, 0] == user] for user in np.unique(rows[:, 0])]
    histories = [user[:-1] for user in users]
    history = np.concatenate(histories)
    tensors = {"history.offsets": offsets(histories), "item": history[:, 1]}
    if times:
        tensors |= {"timestamp": history[:, 3], "query_time": np.array([user[-1, 3] for user in users])}
    return tensors, np.array([user[-1, 1] for user in users])


def ranking(directory, keep=50, test_from=0.9):
    """Will the user like the item? 10,000 requests: the last tenth of all rows, each with the user's earlier rows, newest `keep` of them, and one candidate."""
    rows = interactions(directory)
    begin = int(len(rows) * test_from)
    seen, histories = {}, []
    for index, row in enumerate(rows):
        earlier = seen.setdefault(row[0], [])
        if index >= begin:
            histories.append(earlier[-keep:])
        earlier.append(index)
    history = rows[np.concatenate([np.array(h, dtype=np.int64) for h in histories])]
    test = rows[begin:]
    tensors = {
        "history.offsets": offsets(histories), "item": history[:, 1], "rating": history[:, 2], "timestamp": history[:, 3],
        "candidates.offsets": np.arange(len(test) + 1, dtype=np.int64), "candidate": test[:, 1], "query_time": test[:, 3],
    }
    for name, column in user_features(directory).items():
        tensors[name] = np.array([column[user] for user in test[:, 0]])
    return tensors, (test[:, 2] >= 4).astype(float)


def target_history(directory, keep=50):
    """The same question with items as features, DIN's: each request has its target and the user's earlier items."""
    tensors, labels = ranking(directory, keep)
    years, classes = item_features(directory)
    items, targets = tensors["item"], tensors["candidate"]
    return {
        "history.offsets": tensors["history.offsets"], "item": items, "year": years[items], "class": classes[items],
        "target": targets, "target_year": years[targets], "target_class": classes[targets],
    }, labels


def context(directory):
    """The same question without a history, DCN-v2's: a user and an item."""
    test = interactions(directory)
    test = test[int(len(test) * 0.9):]
    years, classes = item_features(directory)
    users, items = test[:, 0], test[:, 1]
    tensors = {"user_id": users, "item_id": items, "release_year": years[items], "class": classes[items]}
    for name, column in user_features(directory).items():
        tensors[name] = np.array([column[user] for user in users])
    return tensors, (test[:, 2] >= 4).astype(float)


def numbered(texts):
    """1 + index among the sorted distinct texts; a missing text is 0."""
    return {text: i + 1 for i, text in enumerate(sorted({text for text in texts if text}))}


def item_features(directory):
    """Year and classes of item i in row i; as many classes as the item with the most, 0 behind the last."""
    rows = read(directory / "ml-100k.item")
    year_of = numbered(row[2] for row in rows)
    classes = {int(row[0]): row[3].split() for row in rows}
    class_of = numbered(name for names in classes.values() for name in names)
    years = np.zeros(max(classes) + 1, np.int64)
    bags = np.zeros((len(years), max(map(len, classes.values()))), np.int64)
    for row in rows:
        item = int(row[0])
        years[item] = year_of.get(row[2], 0)
        bags[item, : len(classes[item])] = [class_of[name] for name in classes[item]]
    return years, bags


def user_features(directory):
    """age, gender and occupation of each user."""
    rows = read(directory / "ml-100k.user")
    features = {}
    for place, name in enumerate(("age", "gender", "occupation"), start=1):
        index = numbered(row[place] for row in rows)
        features[name] = {int(row[0]): index.get(row[place], 0) for row in rows}
    return features
