"""The desk without a page: lines on a terminal, with the page's keys."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

from headlines.errors import HeadlinesError, shown
from headlines.review.desk import Desk, Question, RequestError

HELP = """\
  a key or a name    the headline's topic; 2+5: topic 2, and 5 applies too
  (nothing)          the machine's topic is right
  s  skip            u  undo the last       n  a new topic
  /words  search     #3  take the third     d  done (or q, or Ctrl-D)"""

MAX_WORDS = 4
"""Words for a topic, and against it, that are shown."""


def review(desk: Desk) -> None:
    """Ask headline after headline until there is none, or a person says that it is enough."""
    session = _Session(desk)
    try:
        while session.step():
            pass
    except (EOFError, KeyboardInterrupt):
        if sys.stdin.isatty():
            session.say("")


class _Session:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._question: Question | None = None
        self._found: list[dict[str, Any]] = []

    def say(self, text: str) -> None:
        """Print a line, harmlessly."""
        print("\n".join(map(shown, text.split("\n"))), file=sys.stderr)

    def _asked(self, prompt: str) -> str:
        print(prompt, end="", file=sys.stderr, flush=True)
        try:
            return input().strip()
        finally:
            if not sys.stdin.isatty():  # where nobody's Enter ends the line
                self.say("")

    def step(self) -> bool:
        """Show a headline where none is, and do what is typed; False when all is done."""
        if self._question is None:
            self._question = self._desk.next()
            if self._question is None:
                self.say("no headline is left")
                return False
            self._show(self._question)
        line = self._asked("topic (? for help): ")
        if line in ("d", "q"):
            return False
        try:
            self._do(line, self._question)
        except HeadlinesError as error:
            self.say(str(error))
        return True

    def _do(self, line: str, question: Question) -> None:
        commands: dict[str, Callable[[Question], None]] = {
            "?": self._help, "s": self._skip, "u": self._undo, "n": self._new_topic,
        }  # fmt: skip
        if line in commands:
            commands[line](question)
        elif line.startswith("/"):
            self._search(line[1:])
        elif line.startswith("#"):
            self._take(line[1:])
        else:
            first, *also = self._topics(line or question.explanation.topic)
            self._desk.answer(question.headline.id, first, also)
            self._question = None

    def _topics(self, line: str) -> list[str]:
        """Read topics by key or by name, a plus sign between them."""
        topics = self._desk.topics()
        by_name = {entry["name"].casefold(): entry["name"] for entry in topics}
        by_key = {entry["key"]: entry["name"] for entry in topics if entry["key"]}
        if name := by_name.get(line.casefold()):
            return [name]
        found = []
        for part in map(str.strip, line.split("+")):
            name = by_key.get(part) or by_name.get(part.casefold())
            if name is None:
                raise RequestError(f"{part[:60]!r} is no key and no topic; ? lists the keys")
            found.append(name)
        return found

    def _help(self, _: Question) -> None:
        self.say(HELP)

    def _skip(self, question: Question) -> None:
        self._desk.skip(question.headline.id)
        self._question = None

    def _undo(self, _: Question) -> None:
        id = self._desk.undo()
        if id is None:
            self.say("there is nothing to undo")
            return
        self._question = self._desk.question(id)
        self._show(self._question)

    def _search(self, words: str) -> None:
        self._found = self._desk.search(words)
        for number, found in enumerate(self._found, 1):
            told = f" ({found['topic']})" if found["topic"] else ""
            self.say(f"  #{number} {found['headline']}{told}")
        if not self._found:
            self.say("no headline of the feed has these words")

    def _take(self, number: str) -> None:
        if not number.isdecimal() or not 1 <= int(number) <= len(self._found):
            raise RequestError("search by /words first; #1 is the first headline found")
        self._question = self._desk.question(self._found[int(number) - 1]["id"])
        self._show(self._question)

    def _new_topic(self, question: Question) -> None:
        self._desk.refuse_new_topics()
        story = question.story
        for number, headline in enumerate(story, 1):
            self.say(f"  {number:>3} {headline.headline}")
        name = self._asked("name of the new topic (nothing: none): ")
        if not name:
            return
        definition = self._asked("what belongs to it: ")
        kept = self._asked("numbers of its headlines (nothing: all): ").replace(",", " ").split()
        if not all(n.isdecimal() and 1 <= int(n) <= len(story) for n in kept):
            raise RequestError(f"the headlines have the numbers 1 to {len(story)}")
        ids = [story[int(n) - 1].id for n in kept] or [headline.id for headline in story]
        self._desk.add_topic(name, definition, ids)
        self._question = None

    def _show(self, question: Question) -> None:
        found, desk = question.explanation, self._desk
        self.say(f"\n{told_progress(desk)}\n\n  {question.headline.headline}\n")
        if question.suggestion.reason:
            self.say(f"  asked since: {question.suggestion.reason}")
        if question.answered:
            self.say(f"  now: {', '.join((question.answered.topic, *question.answered.also))}")
        guesses = question.suggestion.prediction.topics[:3]
        self.say("  machine: " + ", ".join(f"{topic} {share:.0%}" for topic, share in guesses))
        words = sorted(found.words, key=lambda word: -abs(word.effect))
        for sign, topic in (("+", found.topic), ("-", found.runner_up)):
            own = [w.word for w in words if (w.effect > 0) == (sign == "+") and w.effect]
            if own:
                self.say(f"  {sign} for {topic}: {', '.join(own[:MAX_WORDS])}")
        for near in found.neighbours:
            self.say(f"  near, {near.topic}: {near.headline}")
        self.say(_keys(desk.topics()))
        if desk.ledger.fault:
            self.say(f"  careful: {desk.ledger.fault}")


def _keys(topics: Sequence[dict[str, str]]) -> str:
    """Give the topics and their keys, some a line."""
    cells = [f"{entry['key'] or '-'} {entry['name']}" for entry in topics]
    width = max(map(len, cells)) + 2
    across = max(1, 96 // width)
    rows = [cells[i : i + across] for i in range(0, len(cells), across)]
    return "\n" + "\n".join("  " + "".join(cell.ljust(width) for cell in row) for row in rows)


def told_progress(desk: Desk) -> str:
    """Say in a line how far a review is."""
    now = desk.progress()
    told = f"{now.answers} answered, {now.left} left"
    if now.by_others:
        told += f", {now.by_others} earlier or by others"
    if now.compared:
        told += f"; the machine agreed with {now.agreed} of {now.compared}"
    return told
