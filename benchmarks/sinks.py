"""Providers for benchmarks: they take every message, answer after a set time, and cost little.

    python -m benchmarks.sinks http --delay-ms 50

One process, one thread, epoll: 30,000 requests a second and more, so that the sender is what is
measured. Each connection is served in order, like a server with one worker per connection: what
arrives while an answer is pending waits. Loopback only. `run_sink` starts one and ends it again.
"""

import argparse
import select
import socket
import subprocess
import sys
import time
import urllib.request
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from benchmarks.bulk_answers import BULK_ANSWERS
from benchmarks.http_answers import Answer, answer_single, http_answer

READ_BYTES = 262_144
SEND_PATIENCE_S = 10.0
ANSWERED_AT_ONCE = b"GET /count "


@dataclass(slots=True)
class Reply:
    """What is written back, and whether only after the sink's delay."""

    text: bytes
    is_delayed: bool = False


class Conversation(Protocol):
    """One connection's protocol."""

    greeting: bytes

    def take(self, received: bytearray) -> Reply | None:
        """Take one request off the front; None while none is complete."""
        ...


class Counter:
    """How many messages were taken."""

    def __init__(self) -> None:
        self.message_count = 0


class HttpConversation:
    """HTTP/1.1 with kept connections; `GET /count` tells how many messages were taken."""

    greeting = b""

    def __init__(self, counter: Counter, answer: Answer) -> None:
        self._counter = counter
        self._answer = answer

    def take(self, received: bytearray) -> Reply | None:
        """Take one request."""
        head_end = received.find(b"\r\n\r\n")
        if head_end < 0:
            return None
        head = bytes(received[:head_end])
        end = head_end + 4 + _content_length(head)
        if len(received) < end:
            return None
        body = bytes(received[head_end + 4 : end])
        del received[:end]
        if head.startswith(ANSWERED_AT_ONCE):
            return Reply(http_answer("200 OK", self._counter.message_count))
        text, taken = self._answer(head, body, self._counter.message_count)
        self._counter.message_count += taken
        return Reply(text, is_delayed=True)


def _content_length(head: bytes) -> int:
    lower = head.lower()
    at = lower.find(b"\r\ncontent-length:")
    if at < 0:
        return 0
    end = lower.find(b"\r\n", at + 2)
    return int(lower[at + 17 : end if end > 0 else None])


class SmtpConversation:
    """SMTP with PIPELINING (RFC 2920): the reply to the final dot is the one that is delayed."""

    greeting = b"220 sink ESMTP\r\n"

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._in_content = False

    def take(self, received: bytearray) -> Reply | None:
        """Take one command, or one message."""
        if self._in_content:
            end = received.find(b"\r\n.\r\n")
            if end < 0:
                return None
            del received[: end + 5]
            self._in_content = False
            self._counter.message_count += 1
            return Reply(b"250 2.0.0 queued as %X\r\n" % self._counter.message_count, True)
        end = received.find(b"\r\n")
        if end < 0:
            return None
        verb = bytes(received[:4]).upper()
        del received[: end + 2]
        return Reply(self._reply(verb))

    def _reply(self, verb: bytes) -> bytes:
        if verb == b"EHLO":
            return b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"
        if verb == b"DATA":
            self._in_content = True
            return b"354 go on\r\n"
        return b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n"


@dataclass(slots=True)
class _Connection:
    socket: socket.socket
    conversation: Conversation
    received: bytearray = field(default_factory=bytearray)
    is_answering: bool = False


class SinkServer:
    """Serves one kind of conversation until its process is ended."""

    def __init__(self, converse: Callable[[], Conversation], delay_s: float) -> None:
        self._converse = converse
        self._delay_s = delay_s
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self._listener.setblocking(False)
        self._epoll = select.epoll()
        self._epoll.register(self._listener, select.EPOLLIN)
        self._connections: dict[int, _Connection] = {}
        self._pending: deque[tuple[float, _Connection, bytes]] = deque()
        self.port: int = self._listener.getsockname()[1]

    def serve_for_ever(self) -> None:
        """Accept, read, answer."""
        while True:
            for descriptor, _ in self._epoll.poll(self._pause_s()):
                if descriptor == self._listener.fileno():
                    self._accept()
                elif connection := self._connections.get(descriptor):
                    self._read(connection)
            now = time.monotonic()
            while self._pending and self._pending[0][0] <= now:
                _, connection, text = self._pending.popleft()
                connection.is_answering = False
                self._send(connection, text)
                self._converse_on(connection)

    def _pause_s(self) -> float:
        return max(0.0, self._pending[0][0] - time.monotonic()) if self._pending else 1.0

    def _accept(self) -> None:
        try:
            accepted, _ = self._listener.accept()
        except BlockingIOError:
            return
        accepted.setblocking(False)
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = _Connection(accepted, self._converse())
        self._connections[accepted.fileno()] = connection
        self._epoll.register(accepted, select.EPOLLIN)
        if connection.conversation.greeting:
            self._send(connection, connection.conversation.greeting)

    def _read(self, connection: _Connection) -> None:
        try:
            chunk = connection.socket.recv(READ_BYTES)
        except BlockingIOError:
            return
        except ConnectionError:
            chunk = b""
        if not chunk:
            self._close(connection)
            return
        connection.received += chunk
        self._converse_on(connection)

    def _converse_on(self, connection: _Connection) -> None:
        answers = []
        while not connection.is_answering:
            reply = connection.conversation.take(connection.received)
            if reply is None:
                break
            if reply.is_delayed and self._delay_s:
                connection.is_answering = True
                due = time.monotonic() + self._delay_s
                self._pending.append((due, connection, reply.text))
            else:
                answers.append(reply.text)
        if answers:
            self._send(connection, b"".join(answers))

    def _send(self, connection: _Connection, text: bytes) -> None:
        try:
            sent = connection.socket.send(text)
            if sent < len(text):  # a long answer: its reader is always reading
                connection.socket.settimeout(SEND_PATIENCE_S)
                connection.socket.sendall(text[sent:])
                connection.socket.setblocking(False)
        except OSError:
            self._close(connection)

    def _close(self, connection: _Connection) -> None:
        if self._connections.pop(connection.socket.fileno(), None):
            self._epoll.unregister(connection.socket)
            connection.socket.close()


ANSWERS: Mapping[str, Answer] = {"single": answer_single, **BULK_ANSWERS}
"""How an HTTP sink answers, by name."""


def main() -> None:
    """Serve; print the port first."""
    options = argparse.ArgumentParser()
    options.add_argument("protocol", choices=["http", "smtp"])
    options.add_argument("--delay-ms", type=float, default=0.0)
    options.add_argument("--answer", choices=sorted(ANSWERS), default="single")
    asked = options.parse_args()
    counter = Counter()
    converse: dict[str, Callable[[], Conversation]] = {
        "http": lambda: HttpConversation(counter, ANSWERS[asked.answer]),
        "smtp": lambda: SmtpConversation(counter),
    }
    server = SinkServer(converse[asked.protocol], asked.delay_ms / 1000)
    print(server.port, flush=True)
    server.serve_for_ever()


@contextmanager
def run_sink(protocol: str, delay_ms: float = 0.0, answer: str = "single") -> Iterator[int]:
    """Run a sink as a process of its own; yields its port."""
    command = [sys.executable, "-m", "benchmarks.sinks", protocol, "--answer", answer]
    command += ["--delay-ms", str(delay_ms)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def count_taken(port: int) -> int:
    """Ask an HTTP sink how many messages it has taken."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/count") as answer:
        return int(answer.read())


if __name__ == "__main__":
    main()
