"""Reading pages in tests."""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

import html5lib


def parse(source: str) -> Element:
    """The page as a tree of lower-case names without namespace; fails on anything the HTML standard calls an error."""
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    tree: Element = parser.parse(source)
    assert parser.errors == []
    ids = [each.attrib["id"] for each in tree.iter() if "id" in each.attrib]
    assert len(ids) == len(set(ids)), f"ids used twice: {sorted(ids)}"
    for each in tree.iter():
        for attribute in ("for", "aria-describedby", "aria-labelledby"):
            assert set(each.get(attribute, "").split()) <= set(ids), f"{attribute} points nowhere: {each.attrib}"
    return tree


def by_id(tree: Element, name: str) -> Element:
    """The element with this id."""
    return next(each for each in tree.iter() if each.get("id") == name)


def words(element: Element) -> str:
    """The text of an element with single spaces."""
    return " ".join("".join(element.itertext()).split())


def links(tree: Element) -> Iterator[str]:
    """The targets of all links."""
    return (each.attrib["href"] for each in tree.iter("a"))
