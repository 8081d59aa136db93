"""What feeds set around a title, and whether it changes topic or id.

Real titles, with and without a decoration: marks that don't show, mark-up, links, list furniture,
notes, publishers before and behind. The shipped model labels both; TF-IDF and logistic regression
of scikit-learn, trained on the same examples and labels and given the titles as they stand, is the
plain way. A publisher stays in the headline and so in the id; anything else leaves the id as
it is. Nothing was chosen on these titles: they were drawn once the rules stood.

``python -m benchmarks.decorations --data DIR``; DIR holds ``bbc_titles.tsv.xz`` (label, headline,
lead; the BBC news set of Greene and Cunningham), ``pool_news.tsv.xz`` and, for the plain way's
labels, ``pool_russia_ukraine.tsv.xz`` (date, headline, source; rumca-js/RSS-Link-Database-2022 and
-2023).
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from benchmarks import common
from headlines import HeadlineLabeler, Taxonomy, read_feed
from headlines.feeds.headline import Headline
from headlines.topics.labels import read_labels

TITLES = 300
"""Of each set."""

Decoration = Callable[[str], str]


def form(text: str) -> Decoration:
    """Put a title into a text that holds ``{}``."""
    return lambda title: text.format(title)


def within(mark: str) -> Decoration:
    """Put a mark into the middle of the longest word, and behind the first one."""

    def decorated(title: str) -> str:
        longest = max(title.split(), key=len)
        half = len(longest) // 2
        title = title.replace(longest, longest[:half] + mark + longest[half:], 1)
        return title.replace(" ", f"{mark} ", 1)

    return decorated


def around_second(before: str, behind: str) -> Decoration:
    """Set the second word between two marks."""

    def decorated(title: str) -> str:
        first, _, rest = title.partition(" ")
        second, blank, rest = rest.partition(" ")
        return f"{first} {before}{second}{behind}{blank}{rest}" if second else title

    return decorated


DECORATIONS: dict[str, dict[str, Decoration]] = {
    "marks": {
        "soft hyphen": within("\xad"),
        "soft hyphen, &shy;": within("&shy;"),
        "soft hyphen, escaped twice": within("&amp;shy;"),
        "zero-width space": within("\u200b"),
        "zero-width space, &#8203;": within("&#8203;"),
        "zero-width space, escaped three times": within("&amp;amp;#8203;"),
        "joiner, &zwnj;": within("&zwnj;"),
        "direction": within("\u202e"),
        "byte-order mark": within("\ufeff"),
        "variation selector": within("\ufe0f"),
        "no-break spaces": lambda title: title.replace(" ", "&nbsp;"),
    },
    "mark-up": {
        "<b>": around_second("<b>", "</b>"),
        "<p>, escaped": form("&lt;p&gt;{}&lt;/p&gt;"),
        "CDATA": form("<![CDATA[{}]]>"),
        "comment": form("{}<!-- 1 -->"),
        "link of HTML": form('<a href="https://example.org/a?b=1">{}</a>'),
        "link of Markdown": form("[{}](https://example.org/a)"),
        "**bold**": form("**{}**"),
        "*a word*": around_second("*", "*"),
        "## heading": form("## {}"),
    },
    "links": {
        "https:// behind": form("{} https://example.org/news/2024/a?b=1"),
        "t.co behind": form("{} https://t.co/Ab1cD2eF3g"),
        "(https://)": form("{} (https://example.org/a)"),
        "https:// before": form("https://example.org/a - {}"),
    },
    "notes": {
        "(Updated)": form("{} (Updated)"),
        "[VIDEO]": form("{} [VIDEO]"),
        "(PHOTOS), before": form("(PHOTOS) {}"),
        "- 3 min read": form("{} - 3 min read"),
        "- 4 hours ago": form("{} - 4 hours ago"),
    },
    "numbering": {
        "1.": form("1. {}"),
        "12)": form("12) {}"),
        "(3)": form("(3) {}"),
        "- bullet": form("- {}"),
        "• bullet": form("• {}"),
        "- [ ]": form("- [ ] {}"),
        "> quoted": form("> {}"),
    },
    "times": {
        "10:45": form("10:45 {}"),
        "[10:45]": form("[10:45] {}"),
        "10:45 AM -": form("10:45 AM - {}"),
        "2024-05-01 -": form("2024-05-01 - {}"),
        "01.05.2024:": form("01.05.2024: {}"),
        "2024-05-01 10:45": form("2024-05-01 10:45 {}"),
        "May 1, 2024 -": form("May 1, 2024 - {}"),
        "source and time, tabs": form("{}\tReuters\t10:45"),
        "time first, tabs": form("10:45\t{}"),
    },
    "publishers": {
        "| Reuters": form("{} | Reuters"),
        "- Reuters": form("{} - Reuters"),
        "— BBC News": form("{} — BBC News"),
        "· The Guardian": form("{} · The Guardian"),
        "» The Moscow Times": form("{} » The Moscow Times"),
        "-- CNN": form("{} -- CNN"),
        "| Springfield Gazette": form("{} | Springfield Gazette"),
        "- The Ashford Herald": form("{} - The Ashford Herald"),
        "- example.com": form("{} - example.com"),
        "- World - The New York Times": form("{} - World - The New York Times"),
        "| Business | Al Jazeera": form("{} | Business | Al Jazeera"),
        "Reuters:": form("Reuters: {}"),
        "Opinion |": form("Opinion | {}"),
        "BREAKING:": form("BREAKING: {}"),
    },
}


def sampled(titles: list[str]) -> list[str]:
    """Draw titles of three words or more, each once."""
    found = sorted({" ".join(t.split()) for t in titles if len(t.split()) >= 3})
    return random.Random(15).sample(found, TITLES)


def judged(
    labeler: HeadlineLabeler, plain: Any, titles: list[str], decorate: Decoration
) -> dict[str, float]:
    """Count what a decoration changes, as shares."""
    decorated = [decorate(title) for title in titles]
    bare, after = labeler.label(titles), labeler.label(decorated)
    parsed = [Headline.parse(title).text for title in titles]
    raw = list(zip(plain.predict(titles), plain.predict(decorated), strict=True))
    n = len(titles)
    return {
        "topics_changed": sum(a.topic != b.topic for a, b in zip(bare, after, strict=True)) / n,
        "ids_changed": sum(a.id != b.id for a, b in zip(bare, after, strict=True)) / n,
        "texts_changed": sum(
            text != Headline.parse(title).text
            for text, title in zip(parsed, decorated, strict=True)
        )
        / n,
        "topics_changed_plain": sum(a != b for a, b in raw) / n,
    }


def main() -> None:
    """Run the program."""
    parser = common.arguments(__doc__, "decorations.json")
    options = parser.parse_args()
    names = ("bbc_titles.tsv.xz", "pool_news.tsv.xz", "pool_russia_ukraine.tsv.xz")
    if not common.there(options.data, *names):
        return
    sets = {
        "bbc_titles": sampled([row[1] for row in common.rows(options.data / names[0])]),
        "pool_news": sampled([row[1] for row in common.rows(options.data / names[1])]),
    }
    taxonomy = Taxonomy.load()
    gold = read_labels(common.SEEDS / "labels.csv", taxonomy.names)
    pool = read_feed(options.data / names[2]).headlines
    gold += read_labels(common.SEEDS / "read_labels.csv", taxonomy.names, list(pool))
    train = [(e, t.name) for t in taxonomy.topics for e in (*t.phrases, *t.examples)]
    train += [(label.headline.text, label.topic) for label in gold]
    plain = make_pipeline(
        TfidfVectorizer(sublinear_tf=True),
        LogisticRegression(C=10, class_weight="balanced", max_iter=300),
    ).fit([text for text, _ in train], [topic for _, topic in train])
    labeler = HeadlineLabeler.load()
    found: dict[str, dict[str, dict[str, dict[str, float]]]] = {}
    for kind, decorations in DECORATIONS.items():
        for name, decorate in decorations.items():
            of_sets = {s: judged(labeler, plain, titles, decorate) for s, titles in sets.items()}
            rounded = {s: {k: round(v, 4) for k, v in told.items()} for s, told in of_sets.items()}
            found.setdefault(kind, {})[name] = rounded
            print(f"{kind:10} {name:36}", rounded, flush=True)
    content = {"titles": TITLES, "sets": list(sets), "decorations": found}
    command = "python -m benchmarks.decorations --data DIR"
    common.write(options.output, common.described(command, content))


if __name__ == "__main__":
    main()
