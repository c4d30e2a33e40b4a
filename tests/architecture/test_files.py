"""Nothing in the project tells where it was made."""

import re

from tests.architecture.project import PROJECT, list_files

# written so that this file does not find itself
REGISTRY = re.compile(
    r"(?:https?|file)://[^\s\"'`)]*(?:pypi|pythonhosted|artifactory|nexus|/simpl[e]\b)"
    r"|--(?:extra-)?index-ur[l][ =]\S|--find-link[s]\b|--trusted-hos[t]\b"
)
MACHINE = re.compile(r"(?<![\w.])/(?:wor[k]|hom[e]|roo[t]|User[s]|op[t])/[\w.-]+|[A-Z]:\\User[s]")


def search(pattern: re.Pattern[str]) -> list[str]:
    found = []
    for path in list_files():
        try:
            text = (PROJECT / path).read_text("utf-8")
        except UnicodeDecodeError:
            continue  # no text: sample data in other encodings is made by tests, not kept
        found += [f"{path}: {match[0]}" for match in pattern.finditer(text)]
    return found


def test_no_file_names_a_package_registry() -> None:
    assert search(REGISTRY) == []


def test_no_file_names_a_folder_of_one_machine() -> None:
    assert search(MACHINE) == []
