"""Claims about RSS, Atom and their kin: the titles as published, all else carried, nothing lost."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from conftest import write

from headlines import read_feed
from headlines.errors import FeedError
from headlines.feeds.records import Record
from headlines.feeds.syndication import feed_records

SPACES = (
    'xmlns:media="http://search.yahoo.com/mrss/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:content="http://purl.org/rss/1.0/modules/content/"'
)


def _rss(*items: str, head: str = "<title>The Paper</title><language>en-gb</language>") -> str:
    image = "<image><title>A Logo</title><url>http://x/i.png</url></image>"
    body = "".join(f"<item>{item}</item>" for item in items)
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<rss version="2.0" {SPACES}><channel>'
        f"{head}{image}{body}</channel></rss>"
    )


def _read(text: str) -> list[Record]:
    return list(feed_records(text, "feed.rss"))


def _titles(text: str) -> list[str]:
    return [record.text for record in _read(text) if record.kind == "headline"]


ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de"><title>Die Zeitung</title>
<entry><title type="html">Fluten &amp;amp; Feuer</title><link href="http://x/1"/><id>urn:1</id>
<published>2025-07-16T10:00:00Z</published><updated>2025-07-17T10:00:00Z</updated>
<author><name>Anna</name></author><summary>Mehr</summary><category term="Wetter"/></entry>
<entry><title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">Bahn <b>streikt</b></div>
</title><source><title>Agentur</title></source></entry></feed>"""
RDF = """<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
 xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel rdf:about="c"><title>The Paper</title><items><rdf:Seq><rdf:li resource="a"/></rdf:Seq>
</items></channel><item rdf:about="a"><title>Floods Hit Siberia</title><link>http://x/1</link>
<dc:date>2025-07-16T10:00:00Z</dc:date></item></rdf:RDF>"""
NEWS_MAP = """<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
 xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"
 xmlns:image="http://www.google.com/schemas/sitemap-image/1.1"><url><loc>http://x/1</loc>
<news:news><news:publication><news:name>The Paper</news:name><news:language>en</news:language>
</news:publication><news:publication_date>2025-07-16</news:publication_date>
<news:title>Floods &amp; Fires</news:title></news:news>
<image:image><image:loc>http://x/i</image:loc><image:title>Smoke</image:title></image:image></url>
</urlset>"""


@pytest.mark.parametrize(
    ("title", "read"),
    [
        ("<![CDATA[AT&T Buys <b>X</b> &amp; Y]]>", "AT&T Buys <b>X</b> &amp; Y"),
        ("Profit &lt;2% &amp; falling at R&amp;D", "Profit <2% & falling at R&D"),
        ("AT&T Buys X &", "AT&T Buys X &"),
        ("Profit <2% and < 3", "Profit <2% and < 3"),
        ("Caf&eacute; &mdash; &#8216;x&#8217;", "Café — ‘x’"),
        ("A <b>bold</b> one", "A <b>bold</b> one"),
        ("Lone </i> tag", "Lone </i> tag"),
        ("A\x0bB", "AB"),
    ],
)
def test_a_title_is_given_as_it_was_published(title: str, read: str) -> None:
    assert _titles(_rss(f"<title>{title}</title>", "<title>Another</title>")) == [read, "Another"]


def test_all_that_an_item_tells_is_carried() -> None:
    [record] = _read(
        _rss(
            "<title>A</title><link>http://x/1</link><guid isPermaLink='false'>g1</guid>"
            "<pubDate>Wed, 16 Jul 2025 10:00:00 GMT</pubDate><dc:creator>Ann</dc:creator>"
            "<source url='http://mt'>The Times</source><category>World</category>"
            "<category>EU</category><description>Long &lt;p&gt;</description>"
            "<content:encoded>Longer</content:encoded><comments>http://x/c</comments>"
            "<enclosure url='http://x/e.mp3' type='audio/mpeg' length='1'/>"
            "<media:thumbnail url='http://x/t.jpg'/>"
        )
    )
    assert record.fields == {
        "url": "http://x/1", "id": "g1", "date": "2025-07-16T10:00:00Z", "author": "Ann",
        "publisher": "The Times", "language": "en-gb", "category": ["World", "EU"],
        "description": "Long <p>", "content": "Longer", "comments": "http://x/c",
        "enclosures": ["http://x/e.mp3"], "media_thumbnail": [{"url": "http://x/t.jpg"}],
    }  # fmt: skip


def test_atom_rdf_and_news_maps_are_read_too() -> None:
    one, other = _read(ATOM)
    assert (one.text, other.text) == ("Fluten &amp; Feuer", "Bahn <b>streikt</b>")
    assert one.fields == {
        "url": "http://x/1", "id": "urn:1", "date": "2025-07-16T10:00:00Z", "author": "Anna",
        "updated": "2025-07-17T10:00:00Z", "publisher": "Die Zeitung", "language": "de",
        "category": ["Wetter"], "description": "Mehr",
    }  # fmt: skip
    assert other.fields == {"publisher": "Agentur", "language": "de"}
    [item] = _read(RDF)
    assert (item.text, item.fields["date"]) == ("Floods Hit Siberia", "2025-07-16T10:00:00Z")
    spaced = "<a:feed xmlns:a='http://www.w3.org/2005/Atom'><a:entry><a:title>A</a:title>"
    assert _titles(f"{spaced}</a:entry></a:feed>") == ["A"]
    [item] = _read(NEWS_MAP)
    assert item.text == "Floods & Fires"
    assert item.fields["publisher"] == "The Paper"
    assert (item.fields["url"], item.fields["date"]) == ("http://x/1", "2025-07-16")
    assert item.fields["image_title"] == "Smoke"


def test_neither_pictures_nor_the_channel_give_titles() -> None:
    picture = "<media:content url='u'><media:title>A Photo</media:title></media:content>"
    records = _read(_rss(f"{picture}<title>A</title>", f"<title>B</title>{picture}", picture))
    assert [record.text for record in records[:2]] == ["A", "B"]
    assert (records[2].kind, records[2].reason) == ("quarantined", "an item without a title")
    assert records[0].fields["media_caption"] == "A Photo"


def test_posts_without_titles_count_by_their_first_sentence() -> None:
    posts = [
        "&lt;p&gt;Power is back in Kyiv. More later.&lt;/p&gt;&lt;p&gt;x&lt;/p&gt;",
        "Hi",
    ]
    text = _rss(*(f"<description>{post}</description>" for post in posts))
    assert _titles(text) == ["Power is back in Kyiv.", "Hi"]
    mixed = _read(
        _rss("<title>A</title>", "<description>No title. Here.</description>", "<title/>")
    )
    assert [record.kind for record in mixed] == ["headline", "quarantined", "quarantined"]


@pytest.mark.parametrize("cut", range(16, 200, 7))
def test_a_feed_that_is_cut_off_keeps_what_is_whole_and_says_so(cut: int) -> None:
    whole = _rss(
        *(f"<title>Floods Hit Town {i}</title><link>http://x/{i}</link>" for i in range(5))
    )
    records = _read(whole[:-cut])
    titles = [record.text for record in records if record.kind == "headline"]
    assert titles == [f"Floods Hit Town {i}" for i in range(len(titles))]
    assert len(titles) == whole[:-cut].count("</item>")
    [told] = [record for record in records if record.kind == "quarantined"]
    assert "cut off" in told.reason


def test_an_item_that_is_not_closed_swallows_no_other() -> None:
    text = _rss("<title>A</title>", "<title>B</title>", "<title>C</title>")
    assert _titles(text.replace("<title>B</title></item>", "<title>B</title>")) == ["A", "B", "C"]
    hidden = text.replace("<item><title>B</title></item>", "<!-- <item><title>B</title></item> -->")
    assert _titles(hidden) == ["A", "C"]


def test_a_broken_byte_takes_its_item_alone(tmp_path: Path) -> None:
    raw = _rss("<title>Good</title>", "<title>Caf\xff Closed</title>", "<title>Étude</title>")
    path = write(tmp_path / "x.rss", raw.encode().replace("\xff".encode(), b"\xff"))
    feed = read_feed(path)
    assert [headline.headline for headline in feed] == ["Good", "Étude"]
    assert [row.line for row in feed.report.quarantined] == [2]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "iso-8859-1"])
def test_the_encoding_is_that_of_the_bytes(tmp_path: Path, encoding: str) -> None:
    """Whatever a feed declares; "utf-8" stands in all of these."""
    feed = read_feed(
        write(
            tmp_path / "feed",
            _rss("<title>Café “Été”</title>".replace("“", "'").replace("”", "'")).encode(encoding),
        )
    )
    assert [headline.headline for headline in feed] == ["Café 'Été'"]
    assert feed.report.format == "xml"


def test_a_declared_encoding_is_believed_where_the_bytes_fit(tmp_path: Path) -> None:
    text = _rss("<title>Наводнение в Сибири</title>").replace("utf-8", "koi8-r")
    [headline] = read_feed(write(tmp_path / "feed.xml", text.encode("koi8-r")))
    assert headline.headline == "Наводнение в Сибири"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("<opml version='2.0'><body/></opml>", "a list of feeds .* give the feeds"),
        ("<?xml version='1.0'?><articles><article/></articles>", "root <articles>, not a feed"),
        ("<?xml version='1.0'?><urlset><url><loc>x</loc></url></urlset>", "site map without news"),
        ("<sitemapindex><sitemap/></sitemapindex>", "a list of site maps"),
    ],
)  # fmt: skip
def test_xml_that_is_no_feed_is_refused_with_a_sentence(
    text: str, told: str, tmp_path: Path
) -> None:
    with pytest.raises(FeedError, match=told):
        read_feed(write(tmp_path / "x", text))


def test_entities_neither_grow_nor_read_files() -> None:
    entities = '<!ENTITY a "aaaaaaaaaa"><!ENTITY e SYSTEM "file:///etc/passwd">'
    for name, before in zip("bcdefgh", "abcdefg", strict=True):
        entities += f'<!ENTITY {name}{name} "{f"&{before};" * 50}">'
    text = _rss("<title>&hh; &e; grows</title>", "<title>Good</title>")
    text = text.replace("?>\n", f"?>\n<!DOCTYPE rss [{entities}]>\n", 1)
    titles = _titles(text)
    assert titles[1] == "Good"
    assert len(titles[0]) < 100
    assert "root" not in titles[0]


def test_a_list_that_begins_with_a_tag_is_no_feed(tmp_path: Path) -> None:
    feed = read_feed(write(tmp_path / "x", ["<b>Floods</b> Hit Siberia Again", "Rail Strike Ends"]))
    assert (feed.report.format, len(feed)) == ("text", 2)


def test_damaged_feeds_cost_what_their_length_costs() -> None:
    for part in ("&", "<", "&amp;", "<!--", "<![CDATA[", "<b>", "&#", "<title>", "</item>", "<?x"):
        text = "<rss><channel><item><title>" + part * (20_000 // len(part))
        start = time.process_time()
        _read(text)
        assert time.process_time() - start < 2, part


@pytest.mark.parametrize("begin", ["<!DOCTYPE html>\n<html>", "<html>", "<!doctype HTML>"])
def test_a_web_page_is_refused_with_what_to_give(begin: str, tmp_path: Path) -> None:
    page = f"{begin}<head><title>The Paper</title></head><body><h2>Floods</h2></body></html>"
    with pytest.raises(FeedError, match=r"a web page \(HTML\).*give the site's feed"):
        read_feed(write(tmp_path / "x", page))
