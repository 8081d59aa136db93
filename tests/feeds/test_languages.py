"""Claims about languages: what isn't English is marked, and names don't make a title foreign."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import write
from hypothesis import given
from hypothesis import strategies as st

from headlines import read_feed
from headlines.feeds.block import Titles
from headlines.feeds.headline import Headline
from headlines.feeds.languages import language_of, perhaps_foreign
from headlines.textarray import Texts

FOREIGN = [
    ("es", "Putin busca apoyo en China para su guerra"),
    ("es", "La inflación sube al 5 % en octubre"),
    ("es", "Cinco muertos en un accidente de autobús"),
    ("fr", "Les agriculteurs bloquent les autoroutes"),
    ("fr", "La réforme des retraites adoptée par l'Assemblée"),
    ("de", "Bundestag beschließt neues Rentenpaket"),
    ("de", "Was wir über den Stromausfall in Warschau wissen"),
    ("it", "Il governo approva la manovra di bilancio"),
    ("pt", "O que se sabe sobre o apagão em Varsóvia"),
    ("nl", "Twee doden bij ongeluk op de A2"),
    ("pl", "Co wiemy o awarii prądu w Warszawie"),
    ("sv", "Det här vet vi om strömavbrottet i Warszawa"),
    ("tr", "Meclis yeni bütçeyi onayladı"),
    ("id", "Apa yang diketahui tentang pemadaman di Warsawa"),
    ("cs", "Při nehodě na dálnici zemřeli dva lidé"),
    ("ro", "Guvernul a aprobat bugetul pe anul viitor"),
    ("ru", "Путин прибыл в Пекин на переговоры"),
    ("uk", "Росія атакувала Одесу дронами"),
    ("el", "Ο Πούτιν έφτασε στο Πεκίνο"),
    ("ar", "زلزال يضرب شمال المغرب"),
    ("he", "הממשלה אישרה את התקציב"),
    ("zh", "普京抵达北京参加会谈"),
    ("zh", "苹果发布 iPhone 15"),
    ("ja", "プーチン大統領が北京に到着"),
    ("ko", "정부, 새 예산안 확정"),
    ("th", "น้ำท่วมหนักในเชียงใหม่"),
]

ENGLISH = [
    "Le Pen Wins", "Der Spiegel Editor Quits", "El Niño Returns", "La Liga: Real Madrid Win",
    "Rio de Janeiro carnival opens", "Lula da Silva meets Xi", "Café owner jailed",
    "Ursula von der Leyen Wins Second Term", "Banco de España cuts forecast", "Die Hard Returns",
    "Les Misérables film delayed", "Juan Manuel de la Cruz arrested", "Dozens die", "Kyiv Hit",
    "Paris Saint-Germain v Real Sociedad", "São Paulo floods kill five", "Coup d'État in Niger",
    "Erdoğan Meets Orbán in Ankara", "Pokémon Go turns 10", "Fiancé denies résumé fraud",
    "TikTok owner ByteDance (字节跳动) fined", "Al Jazeera cameraman killed",
    "Bundesliga: Bayern München 3-1",
    "Tour de France: Pogačar wins stage", "Dem mayor's car stolen", "Met Police chief quits", "",
    "Che Flores becomes referee", "5", "α-synuclein linked to Parkinson's", "100 µg dose works",
]  # fmt: skip


@pytest.mark.parametrize(("language", "title"), FOREIGN)
def test_a_title_in_another_language_is_marked(language: str, title: str) -> None:
    assert Headline.parse(title).language == language
    assert Headline.parse(f"{title} | Reuters").language == language


@pytest.mark.parametrize("title", ENGLISH)
def test_an_english_title_is_not_marked_for_its_names(title: str) -> None:
    assert Headline.parse(title).language is None


def test_a_report_counts_languages_and_a_feed_that_tells_one_is_believed(tmp_path: Path) -> None:
    rows = "headline,language\nПутин прибыл в Пекин,\nNavalny ist tot,de\nKyiv Hit Again,\n"
    feed = read_feed(write(tmp_path / "feed.csv", rows + "Путин прибыл в Минск,bg\n"))
    assert [h.language for h in feed.headlines] == ["ru", "de", None, "bg"]
    assert feed.report.languages == {"ru": 1, "de": 1, "bg": 1}


titles = st.lists(
    st.sampled_from(
        [word for _, title in FOREIGN[:16] for word in title.split()]
        + [word for title in ENGLISH for word in title.split()]
        + ["&eacute;", "|", "–", "CNN", "the", "\t", "é", "Ж", "WATCH:", "https://a.de/b"]
    ),
    max_size=8,
).map(" ".join)


@given(st.lists(titles | st.text(max_size=30), max_size=8))
def test_many_titles_are_marked_as_each_is(published: list[str]) -> None:
    found = Titles.parse(published)
    for i, title in enumerate(published):
        assert found.parts.get(i, {}).get("language") == Headline.parse(title).language


@given(st.lists(titles, max_size=8))
def test_titles_that_are_passed_over_are_english(published: list[str]) -> None:
    for title, marked in zip(published, perhaps_foreign(Texts.of(published)), strict=True):
        assert marked or language_of(title) is None
