"""What a form orders is recorded once, whatever happens to the run; a preview records nothing."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from rollcall.domain.forms.orders import ChatForm, MessageForm, PostForm
from rollcall.domain.message_templates import parse_settings
from rollcall.errors import InputError, RequestError, SelectionError
from rollcall.ledger.log import list_messages
from rollcall.ledger.messages import set_state
from rollcall.ledger.templates import save_template
from rollcall.sandbox.plan import make_plan
from rollcall.sending.form_orders import accept_form, accept_post, preview_form
from rollcall.sending.run_notes import write_preview
from rollcall.wiring import App
from tests.integration.sending.apps import MovedClock, open_app, write_source
from tests.integration.sending.conftest import RunSandbox

PEOPLE = [{"person_id": one, "groups": "staff"} for one in ("ann", "bob", "eve")]
TO_STAFF = {"groups": ["staff"]}
OWN_TEXT = MessageForm.model_validate(
    {"wording": {"subject": "Drill", "text": "Hello {{ name }}"}, "recipients": TO_STAFF}
)
BY_TEMPLATE = MessageForm(template="Drill")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_source(tmp_path / "source", PEOPLE, {})


@pytest.fixture
async def app(tmp_path: Path, ledger_url: str, run_sandbox: RunSandbox) -> AsyncIterator[App]:
    sandbox = run_sandbox(make_plan("clean", seed=1))
    async with open_app(tmp_path, ledger_url, sandbox.routes_file, MovedClock()) as opened:
        yield opened


def keep(app: App, text: str, *, replace: bool = False) -> None:
    told = {"content": {"subject": "Drill", "text": text}, "selection": TO_STAFF}
    settings = parse_settings(json.dumps(told))
    save_template(app.ledger, "one_way", "Drill", settings, app.clock.now(), replace=replace)


async def test_a_repeated_run_is_the_same_message_also_when_the_template_has_changed(
    app: App, source: Path
) -> None:
    keep(app, "Hello")
    form = MessageForm(template="Drill", expires_in_hours=1)
    first = accept_form(form, app.steps, "run:1", source)
    keep(app, "Good-bye", replace=True)
    assert accept_form(form, app.steps, "run:1", source) == first
    assert first.template_name == "Drill"
    another = accept_form(form, app.steps, "run:2", source)
    assert another.request["content"]["text"] == "Good-bye"
    assert len(list_messages(app.ledger)) == 2


async def test_a_run_that_is_repeated_after_its_message_was_refused_orders_it_anew(
    app: App, source: Path
) -> None:
    first = accept_form(OWN_TEXT, app.steps, "run:1", source)
    set_state(app.ledger, first.message_id, "refused", reason="a drill")
    second = accept_form(OWN_TEXT, app.steps, "run:1", source)
    assert second.message_id != first.message_id
    assert second.state == "accepted"


async def test_what_is_unknown_is_said_and_nothing_is_recorded(app: App, source: Path) -> None:
    with pytest.raises(InputError, match="no template for one-way messages 'Drill'"):
        accept_form(BY_TEMPLATE, app.steps, "run:1", source)
    saved = {"recipients": {"saved_filters": ["Nobody"]}}
    unknown = MessageForm.model_validate(OWN_TEXT.model_dump() | saved)
    with pytest.raises(SelectionError, match="'Nobody'"):
        accept_form(unknown, app.steps, "run:1", source)
    with pytest.raises(InputError, match="no data folder"):
        accept_form(OWN_TEXT, app.steps, "run:1", None)
    assert list_messages(app.ledger) == []


async def test_the_folder_of_the_form_comes_before_the_one_that_is_set(
    app: App, source: Path, tmp_path: Path
) -> None:
    form = OWN_TEXT.model_copy(update={"source": str(source)})
    assert accept_form(form, app.steps, "run:1", tmp_path / "other").source == str(source)


async def test_a_preview_counts_and_records_nothing(app: App, source: Path) -> None:
    options = {"options": {"include_sms": "yes"}}
    form = MessageForm.model_validate(OWN_TEXT.model_dump() | options)
    preview = preview_form(form, app.steps, source)
    note = write_preview(preview)
    assert list_messages(app.ledger) == []
    assert "# Preview: 3 people\n\nNothing was sent." in note
    assert "| sms | 3 |" in note
    assert preview.digest in note
    assert app.steps.previews.recall(preview.digest)
    for person in ("ann", "bob", "eve", "Person 0", "example.org", "+1"):
        assert person not in note
    sent = form.model_copy(update={"expected_audience": preview.digest})
    message_id = accept_form(sent, app.steps, "run:1", source).message_id
    app.steps.claim_message(message_id)
    app.steps.load_snapshot(message_id)
    assert app.steps.select_audience(message_id)


async def test_a_preview_of_nobody_or_of_what_cannot_be_sent_says_so(
    app: App, source: Path
) -> None:
    nobody = MessageForm.model_validate(
        OWN_TEXT.model_dump() | {"recipients": {"filters": [{"emergency": "yes"}]}}
    )
    with pytest.raises(SelectionError, match="matches nobody"):
        preview_form(nobody, app.steps, source)
    unwritable = MessageForm.model_validate(
        OWN_TEXT.model_dump() | {"wording": {"subject": "Drill", "text": "{{ shoe_size }}"}}
    )
    with pytest.raises(InputError, match="shoe_size"):
        preview_form(unwritable, app.steps, source)


async def test_a_post_and_its_notice_are_recorded_once(app: App, source: Path) -> None:
    form = ChatForm.model_validate(
        {"wording": {"title": "Drill", "post": "Are you OK?"}, "recipients": TO_STAFF}
    )
    chat_id = accept_form(form, app.steps, "run:1", source).chat_id
    assert chat_id
    post = PostForm(chat_id=chat_id, post="At noon.", notify=("email",))
    first = accept_post(post, app.steps, "run:2")
    again = accept_post(post, app.steps, "run:2")
    assert (first.is_new, again.is_new) == (True, False)
    assert first.notice
    assert again.notice
    assert again.notice.message_id == first.notice.message_id
    with pytest.raises(RequestError, match="another post"):
        accept_post(post.model_copy(update={"post": "At one."}), app.steps, "run:2")
    quiet = accept_post(PostForm(chat_id=chat_id, post="Read.", notify=()), app.steps, "run:3")
    assert quiet.notice is None
