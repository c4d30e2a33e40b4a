"""XML from strangers: what attacks are made of is refused before it costs anything."""

import pytest

from rollcall.errors import SourceError
from rollcall.sources.feeds.xml_tree import MAX_DEPTH, MAX_ELEMENTS, child_text, parse_xml

LAUGHS = (
    '<!DOCTYPE lolz [<!ENTITY lol "lol">'
    + "".join(f'<!ENTITY lol{n} "{f"&lol{n - 1 or str()};" * 10}">' for n in range(1, 10))
    + "]><alert>&lol9;</alert>"
)


@pytest.mark.parametrize(
    "document",
    [
        LAUGHS,
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        '<!DOCTYPE a [<!ENTITY x SYSTEM "http://127.0.0.1:9/">]><a>&x;</a>',
        '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/evil.dtd"><a/>',
        '<!DOCTYPE a [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]><a/>',
        "<!DOCTYPE html><html/>",
    ],
)
def test_document_type_is_refused_before_any_entity(document: str) -> None:
    with pytest.raises(SourceError, match="declares a document type"):
        parse_xml(document.encode(), "feed")


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (b"<a>", "not well-formed XML"),
        (b"<a>&nbsp;</a>", "not well-formed XML"),
        (b"plain text", "not well-formed XML"),
        (b"<a>\x00</a>", "not well-formed XML"),
        (b"<a/><a/>", "not well-formed XML"),
        (b"<x:a/>", "not well-formed XML"),
        (b'<?xml version="1.0" encoding="rot13"?><a/>', "encoding"),
        (b'<?xml version="1.0" encoding="no-such"?><a/>', "encoding"),
        (b'<?xml version="1.0" encoding="shift_jis"?><a/>', "encoding"),
        (b"<a>" * (MAX_DEPTH + 1), "nested deeper"),
        (b"<a>" + b"<b/>" * MAX_ELEMENTS + b"</a>", "elements"),
    ],
)
def test_what_is_no_feed_is_an_error_of_one_sentence(document: bytes, reason: str) -> None:
    with pytest.raises(SourceError, match=reason) as caught:
        parse_xml(document, "feed")
    assert str(caught.value).startswith("feed ")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1", "cp1252"])
def test_encoding_that_a_document_declares_is_read(encoding: str) -> None:
    declared = encoding.removesuffix("-sig")
    document = f'<?xml version="1.0" encoding="{declared}"?><a><b>Überflutung</b></a>'
    assert child_text(parse_xml(document.encode(encoding), "feed"), "b") == "Überflutung"


def test_names_carry_their_namespace_and_attributes_theirs() -> None:
    root = parse_xml(b'<p:a xmlns:p="urn:x" b="1" p:c="2"><d/></p:a>', "feed")
    assert root.tag == "{urn:x}a"
    assert root.attrib == {"b": "1", "{urn:x}c": "2"}
    assert [child.tag for child in root] == ["d"]
