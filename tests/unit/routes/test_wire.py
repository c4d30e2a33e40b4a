"""Replies as they come apart and together on the wire."""

import asyncio

import pytest

from rollcall.routes.email.transaction import stuff_dots
from rollcall.routes.email.wire import (
    MAX_LINE_BYTES,
    MAX_WAITING_REPLIES,
    NO_SMTP,
    Reply,
    SmtpWire,
    WireLostError,
)


class Loopback(asyncio.Transport):
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.is_aborted = False
        self.protocol: asyncio.BaseProtocol | None = None

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol

    def is_closing(self) -> bool:
        return self.is_aborted

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written.append(bytes(data))

    def abort(self) -> None:
        self.is_aborted = True


def test_wire_takes_the_transport_over() -> None:
    transport = Loopback()
    wire = SmtpWire(transport)
    assert transport.protocol is wire
    wire.write(b"NOOP\r\n")
    assert transport.written == [b"NOOP\r\n"]


async def test_replies_are_put_together_however_they_arrive() -> None:
    octets = b"250-2.1.0 one\r\n250 two\r\n354 go\r\n250\r\n"
    for size in (1, 2, 7, len(octets)):
        wire = SmtpWire(Loopback())
        for start in range(0, len(octets), size):
            wire.data_received(octets[start : start + size])
        replies = [await wire.read_reply(1.0) for _ in range(3)]
        assert replies == [Reply(250, "2.1.0 one\ntwo"), Reply(354, "go"), Reply(250, "")]
        assert wire.waiting_count == 0


@pytest.mark.parametrize("line", [b"?!", b"25", b"", b"HTTP/1.1 400", b"2x0 ok", b"\xff\xfe"])
async def test_what_is_no_reply_is_said_to_be_none(line: bytes) -> None:
    wire = SmtpWire(Loopback())
    wire.data_received(line + b"\r\n")
    assert (await wire.read_reply(1.0)).code == NO_SMTP


async def test_replies_that_came_before_the_end_can_be_read() -> None:
    wire = SmtpWire(Loopback())
    wire.data_received(b"421 bye\r\n")
    wire.connection_lost(None)
    assert await wire.read_reply(1.0) == Reply(421, "bye")
    with pytest.raises(WireLostError, match="disconnected"):
        await wire.read_reply(1.0)
    with pytest.raises(WireLostError):
        wire.write(b"NOOP\r\n")


async def test_silence_ends_the_connection() -> None:
    transport = Loopback()
    wire = SmtpWire(transport)
    with pytest.raises(WireLostError) as caught:
        await wire.read_reply(0.01)
    assert caught.value.is_timeout
    assert transport.is_aborted


async def test_reader_is_woken_by_the_end() -> None:
    wire = SmtpWire(Loopback())
    reading = asyncio.create_task(wire.read_reply(30.0))
    await asyncio.sleep(0)
    wire.connection_lost(ConnectionResetError())
    with pytest.raises(WireLostError) as caught:
        await asyncio.wait_for(reading, 5.0)
    assert not caught.value.is_timeout


@pytest.mark.parametrize(
    "flood",
    [b"x" * (MAX_LINE_BYTES + 1), b"250-more\r\n" * 200, b"250 ok\r\n" * (MAX_WAITING_REPLIES + 1)],
    ids=["a line without end", "a reply without end", "replies without end"],
)
def test_flood_ends_the_connection(flood: bytes) -> None:
    transport = Loopback()
    SmtpWire(transport).data_received(flood)
    assert transport.is_aborted


@pytest.mark.parametrize(
    ("message", "sent"),
    [
        (b"a\r\n", b"a\r\n.\r\n"),
        (b".a\r\n.\r\n", b"..a\r\n..\r\n.\r\n"),
        (b"a.\r\nb\r\n", b"a.\r\nb\r\n.\r\n"),
    ],
)
def test_dots_that_begin_a_line_are_doubled(message: bytes, sent: bytes) -> None:
    assert stuff_dots(message) == sent
