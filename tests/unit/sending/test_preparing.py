import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from rollcall.domain.audience import Audience, Position, Recipient
from rollcall.domain.email_layout import EmailLayout
from rollcall.domain.message import MessageRequest, parse_request
from rollcall.domain.template_variables import MessageVariables
from rollcall.errors import SelectionError, TemplateError
from rollcall.ledger.recording import NewContent, NewDelivery
from rollcall.sending.preparing import KEPT_TEXTS, TextWriter, require_recipients
from rollcall.wiring import load_layout

LAYOUT: EmailLayout = load_layout()
JAPANESE = {"subject": "訓練", "text": "走れ。"}
TODAY = date(2026, 11, 23)
MOMENT = datetime(2026, 11, 23, 6, tzinfo=UTC)


def recipient(person_id: str, country: str | None = None, **known: Any) -> Recipient:
    usual: dict[str, Any] = {
        "name": "Ana",
        "email": f"{person_id}@example.org",
        "phone": "+12025550100",
        "language": None,
        "home_country": None,
        "position": Position("report", country),
        "via": (),
    }
    return Recipient(person_id=person_id, **usual | known)


def ask(text: str, *, sms: bool = False, **content: Any) -> MessageRequest:
    return parse_request(
        json.dumps(
            {
                "content": {"subject": "Drill", "text": text} | content,
                "selection": {"everyone": True},
                "options": {"include_sms": sms},
            }
        )
    )


class CountingLayout(EmailLayout):
    """The frame of every email, which knows how many were rendered."""

    rendered_count = 0

    def __init__(self) -> None:
        pass

    def render(self, subject: str, text: str, language: str | None) -> str:
        self.rendered_count += 1
        return LAYOUT.render(subject, text, language)


def render(
    request: MessageRequest,
    *recipients: Recipient,
    layout: EmailLayout = LAYOUT,
    link: str | None = None,
    notified: tuple[str, ...] = (),
) -> tuple[list[NewContent], list[NewDelivery]]:
    message = MessageVariables(sent_on=TODAY, organisation="Meridian")
    writer = TextWriter(request, layout, message, link=link)
    rendered = list(writer.write_all(recipients, notified))
    if writer.has_text_for_nobody and writer.failure:
        raise writer.failure
    return [content for _, content in rendered if content], [delivery for delivery, _ in rendered]


def test_everybody_has_one_delivery_for_each_channel() -> None:
    _, deliveries = render(ask("Run.", sms=True), recipient("p1"), recipient("p2"))
    assert [(one.person_id, one.channel) for one in deliveries] == [
        ("p1", "email"),
        ("p1", "sms"),
        ("p2", "email"),
        ("p2", "sms"),
    ]
    assert {one.status for one in deliveries} == {"waiting"}


def test_people_who_get_the_same_share_one_content() -> None:
    contents, deliveries = render(ask("Run.", sms=True), *map(recipient, ("p1", "p2", "p3")))
    assert len(contents) == 2
    assert {one.content_digest for one in deliveries} == {one.content_digest for one in contents}


def test_people_who_get_different_texts_do_not() -> None:
    request = ask("Dear {{ name }}, you are in {{ country }}.")
    people = [
        recipient("p1", country="JP"),
        recipient("p2", country="FR"),
        recipient("p3", name="Bo", country="JP"),
    ]
    contents, deliveries = render(request, *people)
    texts = {one.content_digest: one.text for one in contents}
    assert [texts[one.content_digest or ""] for one in deliveries] == [
        "Dear Ana, you are in JP.",
        "Dear Ana, you are in FR.",
        "Dear Bo, you are in JP.",
    ]


def everybody(count: int) -> list[Recipient]:
    """Make people of whom no two have the same name; they are in one of three countries."""
    places = ("JP", "FR", None)
    return [
        recipient(f"p{number}", name=f"Person {number}", country=places[number % 3])
        for number in range(count)
    ]


@pytest.mark.parametrize(
    ("content", "rendered_count"),
    [
        ({"text": "Run."}, 1),
        ({"text": "{{ organisation }}, {{ sent_on }}: {{ subject }}"}, 1),
        ({"text": "You are in {{ country }}."}, 3),
        ({"text": "You are in {{ country_name }}."}, 3),
        ({"text": "{% if country == 'JP' %}Run.{% else %}Stay.{% endif %}"}, 3),
        ({"text": "Dear {{ name }}: run."}, 60),
        ({"text": "Run.", "subject": "Drill for {{ name }}"}, 60),
        ({"text": "Run.", "translations": {"ja": JAPANESE | {"text": "{{ name }}"}}}, 60),
        ({"text": "Run.", "translations": {"ja": JAPANESE | {"sms": "{{ name }}"}}}, 1),
    ],
)
def test_text_is_rendered_once_for_all_of_whom_its_templates_tell_the_same(
    content: dict[str, Any], rendered_count: int
) -> None:
    layout = CountingLayout()
    people = everybody(60)

    together = render(ask(**content, sms=True), *people, layout=layout)

    assert layout.rendered_count == rendered_count
    alone = [render(ask(**content, sms=True), one) for one in people]
    assert together[1] == [delivery for _, deliveries in alone for delivery in deliveries]
    texts = {one.content_digest: one for contents, _ in alone for one in contents}
    assert {one.content_digest: one for one in together[0]} == texts


def test_each_language_has_its_own_text_though_no_variable_is_used() -> None:
    layout = CountingLayout()
    request = ask("Run.", translations={"ja": JAPANESE})
    people = [recipient(f"p{number}", language=("ja", "en")[number % 2]) for number in range(10)]

    contents, _ = render(request, *people, layout=layout)

    assert [one.text for one in contents] == ["走れ。", "Run."]
    assert layout.rendered_count == 2


def test_more_texts_than_are_kept_are_all_rendered_and_each_recorded_once() -> None:
    layout = CountingLayout()
    people = everybody(KEPT_TEXTS + 50)

    contents, deliveries = render(ask("Dear {{ name }}."), *people, *people, layout=layout)

    assert layout.rendered_count > len(people)  # what was let go is rendered again
    assert len(contents) == len({one.content_digest for one in contents}) == len(people)
    assert deliveries[: len(people)] == deliveries[len(people) :]


def test_name_that_makes_a_text_fail_does_so_for_each_who_has_it() -> None:
    request = ask("{% if name != 'Nobody' %}Run.{% endif %}", sms=True)
    people = [recipient(f"p{number}", name=("Nobody", "Ana")[number % 2]) for number in range(4)]
    _, deliveries = render(request, *people)
    failed = [one for one in deliveries if one.status == "not_attempted"]
    assert [one.person_id for one in failed] == ["p0", "p0", "p2", "p2"]
    assert {one.reason for one in failed if one.channel == "sms"} == {
        "content (no language given), sms: comes out empty for at least one recipient"
    }


def test_translation_follows_the_recipients_language() -> None:
    request = ask("Run.", translations={"ja": JAPANESE})
    contents, _ = render(request, recipient("p1", language="ja-JP"), recipient("p2"))
    assert [(one.subject, one.text) for one in contents] == [("訓練", "走れ。"), ("Drill", "Run.")]


@pytest.mark.parametrize(
    ("known", "channel", "reason"),
    [
        ({"email": None}, "email", "no email address"),
        ({"email": ""}, "email", "no email address"),
        ({"email": "ana at example.org"}, "email", "the email address is not valid"),
        ({"email": "a@b\r\nRCPT TO:<c@d>"}, "email", "the email address is not valid"),
        ({"phone": None}, "sms", "no phone number"),
    ],
)
def test_whoever_lacks_an_address_is_in_the_log_with_the_reason(
    known: dict[str, Any], channel: str, reason: str
) -> None:
    _, deliveries = render(ask("Run.", sms=True), recipient("p1", **known))
    by_channel = {one.channel: one for one in deliveries}
    lacking = by_channel.pop("email" if channel == "email" else "sms")
    assert (lacking.status, lacking.reason) == ("not_attempted", reason)
    assert (lacking.address, lacking.content_digest) == (None, None)
    assert [one.status for one in by_channel.values()] == ["waiting"]


def test_odd_name_of_one_does_not_keep_the_message_from_others() -> None:
    request = ask("{% if name != 'Nobody' %}Run.{% endif %}")
    _, deliveries = render(request, recipient("p1", name="Nobody"), recipient("p2"))
    assert [one.status for one in deliveries] == ["not_attempted", "waiting"]
    assert "comes out empty" in (deliveries[0].reason or "")


def test_text_that_cannot_be_written_for_anybody_is_a_mistake() -> None:
    request = ask("{% if name == 'Nobody' %}Run.{% endif %}")
    with pytest.raises(TemplateError, match="comes out empty"):
        render(request, recipient("p1"), recipient("p2"))


def test_sms_counts_its_segments_and_email_does_not() -> None:
    contents, _ = render(ask("a" * 161, sms=True), recipient("p1"))
    assert [one.segment_count for one in contents] == [None, 2]


def test_email_knows_the_day_and_the_organisation() -> None:
    contents, _ = render(ask("{{ organisation }}, {{ sent_on }}"), recipient("p1"))
    assert contents[0].text == "Meridian, 2026-11-23"
    assert "Meridian, 2026-11-23" in (contents[0].html or "")


def test_selection_that_matches_nobody_is_a_mistake() -> None:
    with pytest.raises(SelectionError, match="matches nobody; nothing was sent"):
        require_recipients(Audience(MOMENT, (), ()))


def test_facilities_that_stand_for_nobody_are_told_apart_from_no_match() -> None:
    with pytest.raises(SelectionError, match="nobody who can be contacted for the facilities"):
        require_recipients(Audience(MOMENT, (), ("tokyo",), ("tokyo",)))


def test_audience_of_people_without_any_address_is_no_mistake() -> None:
    nobody = Recipient("p1", "Ana", None, None, None, None, Position("none"), ({"by": "everyone"},))
    require_recipients(Audience(MOMENT, (nobody,), ()))


def ask_for_push(text: str, **options: bool) -> MessageRequest:
    told = {
        "content": {"subject": "Drill", "text": text},
        "selection": {"everyone": True},
        "options": {"include_push": True, **options},
    }
    return parse_request(json.dumps(told))


def test_only_who_has_the_app_has_a_notification_beside_the_email() -> None:
    people = recipient("p1"), recipient("p2")
    contents, deliveries = render(ask_for_push("Run."), *people, notified=("p1",))
    assert [(one.person_id, one.channel, one.address) for one in deliveries] == [
        ("p1", "email", "p1@example.org"),
        ("p1", "push", "p1"),
        ("p2", "email", "p2@example.org"),
    ]
    (notification,) = (one for one in contents if one.html is None)
    assert (notification.subject, notification.text) == ("Drill", "Run.")
    assert notification.segment_count is None


def test_where_nothing_else_goes_out_who_lacks_the_app_is_in_the_log() -> None:
    people = recipient("p1"), recipient("p2")
    request = ask_for_push("Run.", include_email=False)
    _, deliveries = render(request, *people, notified=("p1",))
    assert [(one.person_id, one.status, one.reason) for one in deliveries] == [
        ("p1", "waiting", None),
        ("p2", "not_attempted", "no app that takes notifications"),
    ]


def test_a_notification_leads_to_the_link_and_does_not_hold_it() -> None:
    request = ask_for_push("Answer here: {{ link }}", ok_request=True)
    link = "https://safe.example.org/c/x"
    (email, notification), _ = render(request, recipient("p1"), link=link, notified=("p1",))
    assert link in email.text
    assert notification.text == "Answer here:"


def test_a_text_that_is_only_the_link_makes_a_notification_of_its_subject() -> None:
    request = ask_for_push("{{ link }}", ok_request=True)
    link = "https://s.example"
    (_, notification), _ = render(request, recipient("p1"), link=link, notified=("p1",))
    assert (notification.subject, notification.text) == ("Drill", "")
