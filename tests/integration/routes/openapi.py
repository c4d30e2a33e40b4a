"""Providers' own OpenAPI descriptions: read where they lie, because they are not to be copied.

They are in `shared/specs` beside a folder above the project. Elsewhere the tests that need one are
skipped; what a request holds is tested without them as well.
"""

import json
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
from openapi_core import OpenAPI

FOLDER = Path("shared", "specs")


def read_description(name: str) -> dict[str, Any]:
    """Return a description, or skip the test where it is not to be had."""
    folders = Path(__file__).resolve().parents
    path = next((each / FOLDER / name for each in folders if (each / FOLDER / name).exists()), None)
    if path is None:
        pytest.skip(f"{name}, which is not ours to copy, is not in {FOLDER} above the project")
    return json.loads(path.read_text("utf-8"))  # type: ignore[no-any-return]


def open_paths(document: dict[str, Any], paths: Collection[str]) -> OpenAPI:
    """Return some paths of a description, with all that they refer to.

    Args:
        document: OpenAPI 3.
        paths: Those that are needed: a whole description takes long to check.
    """
    kept = {path: document["paths"][path] for path in paths}
    schemas: dict[str, Any] = {}
    todo = find_schemas(kept)
    while todo:
        name = todo.pop()
        schemas[name] = document["components"]["schemas"][name]
        todo |= find_schemas(schemas[name]) - schemas.keys()
    components = document["components"] | {"schemas": schemas}
    return OpenAPI.from_dict(document | {"paths": kept, "components": components})


def find_schemas(part: Any) -> set[str]:
    """Name the schemas that a part of a description refers to."""
    return set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(part)))
