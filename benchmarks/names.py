"""Names of clusters, held against the titles that editors gave to the same stories.

The clusters are given and true, so that only their names are compared: the stories of three or
more headlines among the last 500 of AllSides, in feeds of some 150 headlines, and events of six and
more of Wikipedia's sentences, in feeds of some 300. The settings were chosen on the other stories
of AllSides and on Wikipedia's, so that only the first is a report. Beside ours: the three words of
most weight by class-based TF-IDF; the central headline by TF-IDF, whole; and BERTopic's names, told
the clusters (its manual mode), as it comes and with English stop words left out as its
documentation advises.

A title shares a word where it has one of the name's that is no stop word, or its form (the first
five letters). Stable is a name that is the same when a tenth of the feed's headlines leave; that
they come is the same comparison, read backwards.

``--pairs FILE`` writes 60 pairs of names, ours and BERTopic's (stop words left out, its underscores
made commas), for a blind reading: 30 of stories, 30 of themes that `HeadlineClusterer` finds. Which
is whose is in FILE with ``_key`` before its ending.

    python -m benchmarks.names --data DIR [--pairs FILE]
"""

from __future__ import annotations

import random
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import common
from headlines.clustering.names import name_clusters
from headlines.embedding.vocabulary import tokenize
from headlines.feeds.headline import Headline

ALLSIDES, WIKIPEDIA = "allsides_stories.tsv.xz", "wiki_events_to_2017.tsv.xz"
REPORTED = 500  # of AllSides, the last ones
OURS, BERTOPIC, BERTOPIC_STOP = "headlines", "BERTopic", "BERTopic, stop words left out"
DRAWS = 3
PACKAGES = ("numpy", "scikit-learn", "bertopic")

Story = tuple[str, list[str]]
"""A title and headlines, no text twice."""
Namer = Callable[[Sequence[str], Sequence[int]], dict[int, str]]


# ------------------------------------------------------------------ names


def class_tfidf(texts: Sequence[str], labels: Sequence[int]) -> dict[int, str]:
    """Three words by class-based TF-IDF."""
    from sklearn.feature_extraction.text import CountVectorizer

    together: defaultdict[int, list[str]] = defaultdict(list)
    for text, label in zip(texts, labels, strict=True):
        together[label].append(text)
    counter = CountVectorizer(stop_words="english")
    counts = counter.fit_transform([" ".join(together[k]) for k in sorted(together)]).toarray()
    weights = counts * np.log1p(counts.sum() / len(counts) / counts.sum(axis=0))
    words = counter.get_feature_names_out()
    best = np.argsort(-weights, axis=1, kind="stable")[:, :3]
    return {k: ", ".join(words[best[row]]) for row, k in enumerate(sorted(together))}


def central(texts: Sequence[str], labels: Sequence[int]) -> dict[int, str]:
    """The headline that is nearest to all of its cluster by TF-IDF."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectors = TfidfVectorizer().fit_transform(texts)
    found = {}
    for label in sorted(set(labels)):
        places = np.flatnonzero(np.asarray(labels) == label)
        near = (vectors[places] @ vectors[places].sum(axis=0).T).A1
        found[label] = texts[places[int(np.argmax(np.round(near, 9)))]]
    return found


def bertopic(
    texts: Sequence[str], labels: Sequence[int], stop: str | None = None
) -> dict[int, str]:
    """The names of BERTopic, without the number that they begin with."""
    from bertopic import BERTopic
    from bertopic.cluster import BaseCluster
    from bertopic.dimensionality import BaseDimensionalityReduction
    from sklearn.feature_extraction.text import CountVectorizer

    model = BERTopic(
        embedding_model=None,
        umap_model=BaseDimensionalityReduction(),
        hdbscan_model=BaseCluster(),
        vectorizer_model=CountVectorizer(stop_words=stop),
    )
    model.fit(list(texts), embeddings=np.zeros((len(texts), 2)), y=list(labels))
    info = model.get_topic_info()
    name_of = dict(zip(info["Topic"], info["Name"], strict=True))
    topic_of = dict(zip(labels, model.topics_, strict=True))
    return {label: name_of[topic].partition("_")[2] for label, topic in topic_of.items()}


NAMERS: dict[str, Namer] = {
    OURS: name_clusters,
    "class-based TF-IDF, three words": class_tfidf,
    "central headline, whole": central,
    BERTOPIC: bertopic,
    BERTOPIC_STOP: lambda texts, labels: bertopic(texts, labels, "english"),
}


# ------------------------------------------------------------------ stories


def allsides(data: Path) -> list[Story]:
    """Give the last stories that have three headlines or more."""
    stories: dict[str, Story] = {}
    for number, title, headline, _ in common.rows(data / ALLSIDES):
        stories.setdefault(number, (title, []))[1].append(Headline.parse(headline).text)
    last = list(stories.values())[-REPORTED:]
    return [(title, found) for title, texts in last if len(found := [*dict.fromkeys(texts)]) > 2]


def wikipedia(data: Path) -> list[Story]:
    """Give events of six sentences or more, at most 30 of each."""
    events: defaultdict[str, list[str]] = defaultdict(list)
    for _, _, title, text in common.rows(data / WIKIPEDIA):
        events[title].append(text)
    rng = random.Random(0)
    found = [(title, [*dict.fromkeys(texts)]) for title, texts in events.items() if title]
    found = [(title, texts[: rng.choice((6, 8, 10, 15, 20, 30))]) for title, texts in found]
    found = [(title, texts) for title, texts in found if len(texts) > 5]
    rng.shuffle(found)
    return found


def feeds(stories: Iterable[Story], size: int) -> list[list[Story]]:
    """Put stories into feeds of some headlines, in their order; the last may be smaller."""
    found: list[list[Story]] = [[]]
    for story in stories:
        if sum(len(texts) for _, texts in found[-1]) >= size:
            found.append([])
        found[-1].append(story)
    return found


def flat(feed: Sequence[Story]) -> tuple[list[str], list[int]]:
    """Give the headlines of a feed and the number of each one's story."""
    pairs = [(text, number) for number, (_, texts) in enumerate(feed) for text in texts]
    return [text for text, _ in pairs], [number for _, number in pairs]


# ------------------------------------------------------------------ measured


def content(text: str) -> set[str]:
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    return {w for w in tokenize(text) if len(w) > 2 and w.isalpha()} - ENGLISH_STOP_WORDS


def measured(namer: Namer, several: Sequence[Sequence[Story]]) -> dict[str, Any]:
    """Measure names on some feeds."""
    exact, alike, words, characters, distinct, same = [], [], [], [], [], list[bool]()
    for place, feed in enumerate(several):
        texts, labels = flat(feed)
        names = namer(texts, labels)
        distinct.append(len(set(names.values())) == len(names))
        for number, (title, _) in enumerate(feed):
            name = names[number].replace("_", " ")
            of_title, of_name = content(title), content(name)
            exact.append(bool(of_title & of_name))
            alike.append(bool({w[:5] for w in of_title} & {w[:5] for w in of_name}))
            words.append(len(name.split()))
            characters.append(len(name))
        for draw in range(DRAWS):
            rng = random.Random(1000 * place + draw)
            left = sorted(rng.sample(range(len(texts)), round(0.9 * len(texts))))
            fewer = namer([texts[i] for i in left], [labels[i] for i in left])
            same += [names[label] == name for label, name in fewer.items()]
    return {
        "names": len(exact),
        "a_word": round(statistics.mean(exact), 4),
        "a_word_or_its_form": round(statistics.mean(alike), 4),
        "words_a_name": round(statistics.mean(words), 1),
        "characters_a_name": round(statistics.mean(characters)),
        "stable": round(statistics.mean(same), 4),
        "feeds_without_a_name_twice": f"{sum(distinct)} of {len(distinct)}",
    }


# ------------------------------------------------------------------ pairs to read


def themes(texts: Sequence[str]) -> list[int]:
    """Give the themes of a feed."""
    from headlines import HeadlineClusterer, StaticEmbedder
    from headlines.clustering.clusterer import vectors_and_words
    from headlines.clustering.whitening import Whitening

    embedder = StaticEmbedder()
    vectors, words = vectors_and_words(texts, embedder)
    clusterer = HeadlineClusterer(whitening=Whitening.of_news(embedder.fingerprint))
    found: list[int] = clusterer.fit(vectors, words=words).themes_.tolist()
    return found


def write_pairs(path: Path, several: Sequence[Sequence[Story]]) -> None:
    """Write pairs of names for a reader who isn't to know whose is which, and the key apart."""
    rng = random.Random(17)
    pairs: dict[str, list[tuple[list[str], str, str]]] = {"story": [], "theme": []}
    for feed in several:
        texts, truth = flat(feed)
        for kind, labels in (("story", truth), ("theme", themes(texts))):
            ours, theirs = name_clusters(texts, labels), NAMERS[BERTOPIC_STOP](texts, labels)
            least = 3 if kind == "story" else 6
            for label, count in sorted(Counter(labels).items()):
                if count >= least:
                    members = [
                        t for t, number in zip(texts, labels, strict=True) if number == label
                    ]
                    pairs[kind].append((members, ours[label], theirs[label].replace("_", ", ")))
    lines, key = ["pair\tkind\tname_a\tname_b\theadlines"], ["pair\tours"]
    chosen = [(kind, pair) for kind in pairs for pair in rng.sample(pairs[kind], 30)]
    rng.shuffle(chosen)
    for number, (kind, (members, ours_name, their_name)) in enumerate(chosen, 1):
        swap = rng.random() < 0.5
        a, b = (their_name, ours_name) if swap else (ours_name, their_name)
        lines.append("\t".join([str(number), kind, a, b, " | ".join(members)]))
        key.append(f"{number}\t{'b' if swap else 'a'}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    path.with_name(f"{path.stem}_key{path.suffix}").write_text("\n".join(key) + "\n")


def main() -> None:
    parser = common.arguments(__doc__, "names.json")
    parser.add_argument(
        "--pairs", type=Path, help="where to write pairs of names, to be read blind"
    )
    options = parser.parse_args()
    if not common.there(options.data, ALLSIDES, WIKIPEDIA):
        return
    sets = {
        "allsides": feeds(allsides(options.data), 150),
        "wikipedia": feeds(wikipedia(options.data), 300)[:25],
    }
    found: dict[str, Any] = {}
    for name, several in sets.items():
        found[name] = {}
        for program, namer in NAMERS.items():
            found[name][program] = measured(namer, several)
            print(name, program, found[name][program], flush=True)
    command = "python -m benchmarks.names --data DIR"
    with_ = {package: version(package) for package in PACKAGES}
    common.write(options.output, common.described(command, {"sets": found}, with_))
    if options.pairs:
        write_pairs(options.pairs, sets["allsides"])


if __name__ == "__main__":
    main()
