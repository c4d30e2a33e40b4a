"""What makes the app installable: its manifest, its service worker, its icons."""

import hashlib
import json
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from rollcall.portal.assets import Assets
from rollcall.portal.headers import secure
from rollcall.portal.reception import answer

_FOLDER: Final = Path(__file__).parent
_WORKER: Final = _FOLDER / "app_worker.js"
_ICONS: Final = _FOLDER / "icons"
_TYPES: Final = {".png": "image/png", ".svg": "image/svg+xml"}
_ICON_KEPT: Final = "public, max-age=86400"

COLOUR: Final = "#0b3d66"
"""Of the icons, and of what browsers put around the app."""


class AppFiles:
    """Serves what belongs to nobody; a part of the portal.

    Args:
        root: The path of the public address, without a slash at the end.
        organisation: What the app is called on the home screen.
        assets: Style and script.
    """

    def __init__(self, root: str, organisation: str, assets: Assets) -> None:
        self._icons = {
            path.name: (path.read_bytes(), _TYPES[path.suffix])
            for path in sorted(_ICONS.iterdir())
            if path.suffix in _TYPES
        }
        self._manifest = json.dumps(_make_manifest(root, organisation), ensure_ascii=False)
        self._worker = _make_worker(root, assets)

    async def __aenter__(self) -> "AppFiles":
        return self

    async def __aexit__(self, *_: object) -> None: ...

    def routes(self) -> list[Route]:
        """Return the addresses."""
        return [
            Route("/manifest.webmanifest", self.show_manifest, methods=["GET"]),
            Route("/sw.js", self.show_worker, methods=["GET"]),
            Route("/app/icons/{name}", self.show_icon, methods=["GET"]),
        ]

    async def show_manifest(self, _: Request) -> Response:
        """Answer with the manifest."""
        shown = Response(self._manifest, media_type="application/manifest+json")
        shown.headers["Cache-Control"] = "no-cache"
        return secure(shown, is_kept=True)

    async def show_worker(self, _: Request) -> Response:
        """Answer with the service worker, which browsers ask for anew at least once a day."""
        shown = Response(self._worker, media_type="text/javascript")
        shown.headers["Cache-Control"] = "no-cache"
        return secure(shown, is_kept=True)

    async def show_icon(self, request: Request) -> Response:
        """Answer with an icon."""
        found = self._icons.get(request.path_params["name"])
        if found is None:
            return answer(HTTPStatus.NOT_FOUND)
        content, media_type = found
        shown = Response(content, media_type=media_type, headers={"Cache-Control": _ICON_KEPT})
        return secure(shown, is_kept=True)


def _make_manifest(root: str, organisation: str) -> dict[str, Any]:
    icons = f"{root}/app/icons"
    return {
        "id": f"{root}/app",
        "name": organisation,
        "short_name": organisation,
        "start_url": f"{root}/app",
        "scope": f"{root}/",
        "display": "standalone",
        "theme_color": COLOUR,
        "background_color": "#ffffff",
        "icons": [
            {"src": f"{icons}/icon-192.png", "sizes": "192x192", "type": "image/png"},
            {"src": f"{icons}/icon-512.png", "sizes": "512x512", "type": "image/png"},
            {
                "src": f"{icons}/icon-512.png",
                "sizes": "512x512",
                "type": "image/png",
                "purpose": "maskable",
            },
            {"src": f"{icons}/icon.svg", "sizes": "any", "type": "image/svg+xml"},
        ],
    }


def _make_worker(root: str, assets: Assets) -> str:
    """Return the worker with the addresses of what it keeps; its cache is named by these."""
    kept = [f"{root}/app/offline", f"{root}/assets/{assets.name_of('app.css')}"]
    script = _WORKER.read_text("utf-8")
    digest = hashlib.sha256("\n".join((script, *kept)).encode()).hexdigest()[:12]
    told = {"root": root, "cache": f"app-{digest}", "offline": kept[0], "kept": kept}
    return f"const APP = {json.dumps(told)};\n{script}"
