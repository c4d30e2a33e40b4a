"""A push service on loopback, as browsers' vendors run them: strict about who calls, and scripted.

It checks what real ones check (the signed word, `TTL`, `Topic`, the size) and, having made up the
subscriptions itself, reads what only the device could read, with code of its own (RFC 8188, 8291):
what stands in the journal was understood on the telephone.

POST /push/NAME   201, or as it was told to answer for NAME: a status, or a lost answer
"""

import base64
import json
import secrets
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import jwt
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from rollcall.clock import SystemClock, format_instant
from rollcall.domain.push import PushSubscription
from rollcall.sandbox.asgi import Receive, Scope, Send, answer, read_body
from rollcall.sandbox.serving import HOST, serve_in_thread

MAX_BODY_BYTES: Final = 4096
LONGEST_WORD_S: Final = 86_400
"""How far ahead a signed word may expire (RFC 8292 §2)."""

_LOST: Final = "lost"

Script = int | Literal["lost"]
"""A status to answer with, or `lost`: the message is taken, and the answer is not given."""


@dataclass(frozen=True, slots=True)
class Notification:
    """One message that the push service took.

    Attributes:
        device: The name of the subscription.
        topic: What it replaces.
        ttl_s: How long it is kept.
        urgency: As the sender told.
        payload: What the device reads.
        size_bytes: Of the encrypted body.
        at: When, ISO 8601 in UTC.
    """

    device: str
    topic: str
    ttl_s: int
    urgency: str
    payload: dict[str, Any]
    size_bytes: int
    at: str


@dataclass(slots=True)
class _Device:
    """One subscription with what only the browser knows, and how calls for it are answered."""

    key: ec.EllipticCurvePrivateKey
    auth: bytes
    application_key: str | None
    script: deque[Script] = field(default_factory=deque)
    always: Script | None = None


class PushService:
    """A running push service, as tests and demos see it.

    Attributes:
        origin: Its address.
        refusals: Why calls were refused that broke the rules, in order.
    """

    def __init__(self, origin: str, journal: Path) -> None:
        self.origin = origin
        self.refusals: list[str] = []
        self._journal = journal
        self._devices: dict[str, _Device] = {}

    def subscribe(self, device: str, application_key: str | None = None) -> PushSubscription:
        """Make up a subscription, as a browser does.

        Args:
            device: Its name here, and the device's id there.
            application_key: Whose messages alone it takes (a VAPID public key); None: anybody's.
        """
        key, auth = ec.generate_private_key(ec.SECP256R1()), secrets.token_bytes(16)
        self._devices[device] = _Device(key, auth, application_key)
        return PushSubscription(
            device,
            f"{self.origin}/push/{device}",
            _write(_point_of(key.public_key())),
            _write(auth),
        )

    def answer_next(self, device: str, *script: Script) -> None:
        """Answer the next calls for a device so, one each; later ones as before."""
        self._devices[device].script.extend(script)

    def answer_always(self, device: str, script: Script) -> None:
        """Answer every call for a device so that is not scripted by `answer_next`."""
        self._devices[device].always = script

    def forget(self, device: str) -> None:
        """Have a subscription end, as when somebody takes the permission back."""
        self.answer_always(device, 410)

    def notifications(self, device: str | None = None) -> list[Notification]:
        """Return what was taken, oldest first."""
        if not self._journal.exists():
            return []
        told = [
            Notification(**json.loads(line)) for line in self._journal.read_bytes().splitlines()
        ]
        return [one for one in told if device in (None, one.device)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        body = await read_body(receive)
        device = self._devices.get(str(scope["path"]).removeprefix("/push/"))
        if scope["method"] != "POST" or device is None:
            return await answer(send, 404, b"no such subscription")
        headers = {name.decode(): told.decode("latin-1") for name, told in scope["headers"]}
        try:
            notification = self._read(scope["path"].removeprefix("/push/"), device, headers, body)
        except _RefusedError as refusal:
            self.refusals.append(refusal.why)
            return await answer(send, refusal.status, refusal.why.encode())
        script = device.script.popleft() if device.script else device.always
        if script in (None, 201, _LOST):
            self._record(notification)
        if script == _LOST:
            scope["extensions"]["reset"]()
            await receive()  # returns when the connection is gone
            return None
        return await answer(send, script or 201, b"", (b"retry-after", b"0"))

    def _read(
        self, name: str, device: _Device, headers: dict[str, str], body: bytes
    ) -> Notification:
        self._require_word(headers.get("authorization", ""), device.application_key)
        if len(body) > MAX_BODY_BYTES:
            raise _RefusedError(413, "too large")
        if headers.get("content-encoding") != "aes128gcm":
            raise _RefusedError(400, "not aes128gcm")
        topic = headers.get("topic", "")
        if len(topic) > 32 or not topic.replace("-", "a").replace("_", "a").isalnum():  # noqa: PLR2004 - RFC 8030 §5.4
            raise _RefusedError(400, "no topic of 32 characters")
        if not headers.get("ttl", "").isdecimal():
            raise _RefusedError(400, "no TTL")
        return Notification(
            device=name,
            topic=topic,
            ttl_s=int(headers["ttl"]),
            urgency=headers.get("urgency", "normal"),
            payload=_read_payload(body, device),
            size_bytes=len(body),
            at=format_instant(SystemClock().now()),
        )

    def _require_word(self, header: str, application_key: str | None) -> None:
        """Make sure that the caller is who it says, and was meant (RFC 8292 §4)."""
        scheme, _, told = header.partition(" ")
        parts = dict(one.strip().partition("=")[::2] for one in told.split(","))
        if scheme != "vapid" or not {"t", "k"} <= parts.keys():
            raise _RefusedError(401, "no signed word")
        try:
            key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _read(parts["k"]))
            claims = jwt.decode(parts["t"], key, algorithms=["ES256"], audience=self.origin)
        except (ValueError, jwt.InvalidTokenError) as error:
            raise _RefusedError(403, f"the signed word is wrong: {type(error).__name__}") from error
        if claims["exp"] - SystemClock().now().timestamp() > LONGEST_WORD_S:
            raise _RefusedError(403, "the signed word is good for too long")
        if not str(claims.get("sub", "")).startswith(("mailto:", "https://")):
            raise _RefusedError(403, "the signed word names nobody to reach")
        if application_key not in (None, parts["k"]):
            raise _RefusedError(403, "another key than was subscribed with")

    def _record(self, notification: Notification) -> None:
        line = json.dumps(asdict(notification), ensure_ascii=False).encode() + b"\n"
        with self._journal.open("ab", buffering=0) as file:
            file.write(line)


class _RefusedError(Exception):
    """A call that breaks the rules."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(status, why)
        self.status = status
        self.why = why


@contextmanager
def start_push_service(folder: Path) -> Iterator[PushService]:
    """Run a push service in a thread of this process for as long as the context lasts.

    Writes `journal-push.jsonl` into the folder; one that is there already grows on.

    Args:
        folder: An existing folder.
    """
    with serve_in_thread() as (port, serve):
        service = PushService(f"http://{HOST}:{port}", folder / "journal-push.jsonl")
        serve(service)
        yield service


def decrypt_payload(body: bytes, key: ec.EllipticCurvePrivateKey, auth: bytes) -> bytes:
    """Return what a device reads of a message's body.

    Args:
        body: As it arrived: salt, record size, the sender's public key, one record (RFC 8188 §2).
        key: The device's private key.
        auth: What it shares with the sender.

    Raises:
        ValueError: It is not meant for this device, or was changed on the way.
    """
    salt, id_size = body[:16], body[20]
    sender_point, record = body[21 : 21 + id_size], body[21 + id_size :]
    sender = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender_point)
    shared = key.exchange(ec.ECDH(), sender)
    told = b"WebPush: info\0" + _point_of(key.public_key()) + sender_point
    secret = _derive(auth, shared, told, 32)
    content_key = _derive(salt, secret, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derive(salt, secret, b"Content-Encoding: nonce\0", 12)
    try:
        padded = AESGCM(content_key).decrypt(nonce, record, None)
    except InvalidTag as error:
        raise ValueError("not for this device, or changed") from error
    unpadded = padded.rstrip(b"\0")
    if not unpadded.endswith(b"\x02"):
        raise ValueError("no last record")
    return unpadded[:-1]


def _read_payload(body: bytes, device: _Device) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads(decrypt_payload(body, device.key, device.auth))
    except (ValueError, IndexError) as error:
        raise _RefusedError(400, "the device cannot read it") from error
    return told


def _derive(salt: bytes, secret: bytes, told: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, told).derive(secret)


def _point_of(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _write(told: bytes) -> str:
    return base64.urlsafe_b64encode(told).rstrip(b"=").decode()


def _read(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
