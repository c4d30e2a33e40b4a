"""What is read from outside: strict, and its mistakes repeat nothing of it."""

from importlib import import_module
from inspect import getmembers, isclass
from pkgutil import walk_packages

import pytest
from pydantic import BaseModel, ValidationError

import rollcall.domain
from rollcall.domain.chat_request import ChatRequest
from rollcall.domain.forms.orders import MessageForm
from rollcall.domain.message import MessageRequest


def _models() -> set[type[BaseModel]]:
    found = walk_packages(rollcall.domain.__path__, "rollcall.domain.")
    modules = [import_module(one.name) for one in found]
    classes = {one for module in modules for _, one in getmembers(module, isclass)}
    return {one for one in classes if issubclass(one, BaseModel) and one is not BaseModel}


def test_every_model_of_the_domain_is_strict_and_hides_what_it_was_given() -> None:
    models = _models()
    assert {MessageForm, MessageRequest, ChatRequest} <= models
    for model in models:
        assert model.model_config["hide_input_in_errors"], model
        assert model.model_config["extra"] == "forbid", model
        assert model.model_config["frozen"], model


def test_a_mistake_does_not_repeat_what_was_typed() -> None:
    with pytest.raises(ValidationError) as mistake:
        MessageForm.model_validate({"wording": {"subject": ["Zanzibarina"], "text": "Quuxworth"}})
    assert "Zanzibarina" not in str(mistake.value)
    assert "wording.subject" in str(mistake.value)
