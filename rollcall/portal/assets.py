"""Style, script and icon of the page: under names that change with what is in them, for ever."""

import hashlib
from http import HTTPStatus
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from rollcall.portal.reception import answer

_FOLDER: Final = Path(__file__).with_name("assets")
_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_HEADERS: Final = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "X-Content-Type-Options": "nosniff",
}
_DIGEST_CHARS: Final = 12


class Assets:
    """All files of the folder, in memory; a part of the portal."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._files: dict[str, tuple[bytes, str]] = {}
        for path in sorted(_FOLDER.iterdir()):
            if path.suffix in _TYPES:
                self._add(path)

    def name_of(self, file: str) -> str:
        """Return the name under which a file is served, e.g. `page.0123456789ab.css`."""
        return self._names[file]

    async def __aenter__(self) -> "Assets":
        return self

    async def __aexit__(self, *_: object) -> None: ...

    def routes(self) -> list[Route]:
        """Return the address of all files."""
        return [Route("/assets/{name}", self.serve, methods=["GET"])]

    async def serve(self, request: Request) -> Response:
        """Answer with a file; it is the same for everybody."""
        found = self._files.get(request.path_params["name"])
        if found is None:
            return answer(HTTPStatus.NOT_FOUND)
        content, media_type = found
        return Response(content, headers=_HEADERS, media_type=media_type)

    def _add(self, path: Path) -> None:
        content = path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()[:_DIGEST_CHARS]
        name = f"{path.stem}.{digest}{path.suffix}"
        self._names[path.name] = name
        self._files[name] = content, _TYPES[path.suffix]
