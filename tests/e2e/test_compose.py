"""The composer as somebody uses it who is in a hurry: one walk, with everything running."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page

from rollcall.ledger.log import list_messages
from rollcall.sandbox.plan import make_plan
from rollcall.sandbox.servers import Sandbox, start_sandbox
from tests.browser import find_barriers, run_browser
from tests.e2e.conftest import install, wait_until
from tests.e2e.test_dashboards import (
    IDLE,
    STREAMLITS_OWN,
    Served,
    serve_to_users,
    signed_in,
)
from tests.e2e.test_dispatcher import dispatcher
from tests.people import phone_of, write_people

PEOPLE = 3
TRIAL_ADDRESS = "me@example.org"
SENT = re.compile("^Sent; accepted")


@dataclass(frozen=True)
class Desk:
    """Dashboards with everything behind them: people, carriers, and a dispatcher that sends."""

    served: Served
    sandbox: Sandbox


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("compose")
    rollcall = install(folder)
    rollcall.env["ROLLCALL_SOURCE"] = str(write_people(folder / "source", count=PEOPLE))
    with (
        start_sandbox(make_plan("clean", seed=1), folder / "sandbox") as sandbox,
        dispatcher(rollcall, "dispatcher"),
        serve_to_users(rollcall) as served,
    ):
        yield Desk(served, sandbox)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with run_browser() as one:
        yield one


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).first.click()


def fill(page: Page, name: str, text: str) -> None:
    """Fill in a field and leave it, so that it is kept."""
    field = page.get_by_role("textbox", name=name, exact=True)
    field.fill(text)
    field.press("Tab")


def require_no_barriers(page: Page) -> None:
    page.locator(IDLE).wait_for()
    assert find_barriers(page, STREAMLITS_OWN) == []


def begin(page: Page) -> None:
    press(page, "New message")
    page.get_by_role("heading", name="Recipients").wait_for()
    page.wait_for_url("**draft=*")


def add_everybody(page: Page) -> None:
    """Find the group of all by its name; the first search waits for the people to be loaded."""
    fill(page, "Add people, facilities, groups or dynamic filters", "all")
    page.get_by_role("button", name="Add", exact=True).first.click()
    page.get_by_role("button", name="Add ✓", exact=True).wait_for()


def choose_sms(page: Page) -> None:
    press(page, "Options")
    page.get_by_text("SMS", exact=True).click()
    page.get_by_text("Standard quality goes over alpha alone").wait_for()


def write(page: Page) -> None:
    press(page, "Texts")
    fill(page, "Subject", "Flood")
    fill(page, "Text", "Hello {{ name }}, stay inside.")
    page.get_by_text("As SMS: 1 SMS").first.wait_for()
    page.get_by_text("Hello Maria Example, stay inside.").first.wait_for()


def read_as(page: Page, name: str) -> None:
    fill(page, "Show it as this recipient reads it", name)
    page.get_by_role("button", name=name).first.click()
    page.get_by_text(f"Hello {name}, stay inside.").first.wait_for()


def try_it(page: Page) -> None:
    """Send a test; while a page is drawn anew, what it says may stand there twice."""
    fill(page, "My email address", TRIAL_ADDRESS)
    page.locator(IDLE).wait_for()
    press(page, "Send the test")
    page.get_by_text("the test is on its way as message").first.wait_for()


def send_with_four_clicks(page: Page) -> None:
    press(page, "Check and send")
    page.get_by_text(f"Goes to {PEOPLE} people").first.wait_for()
    button = page.get_by_role("button", name=f"Send to {PEOPLE} people now")
    button.wait_for()
    require_no_barriers(page)
    button.evaluate(
        """async button => {
            for (let click = 0; click < 4; click++) {
                button.click();
                await new Promise(done => setTimeout(done, 60));
            }
        }"""
    )


def test_a_message_is_composed_tried_checked_and_sent_once(browser: Browser, desk: Desk) -> None:
    with signed_in(browser, desk.served, "admin", "/compose") as page:
        begin(page)
        add_everybody(page)
        choose_sms(page)
        require_no_barriers(page)
        write(page)
        page.reload()  # what is written lies in the ledger, and its id in the address
        read_as(page, "Person 1")
        try_it(page)
        require_no_barriers(page)
        address = page.url
        send_with_four_clicks(page)
        page.get_by_role("heading", name="Flood").wait_for()
        page.get_by_text(SENT).first.wait_for()
        page.get_by_text("All recipients, in the log").click()
        page.get_by_text("Person 2").first.wait_for()
        page.goto(address)  # a draft that is sent leads to what it has become
        page.get_by_text(SENT).first.wait_for()
    addresses = [f"p{number}@example.org" for number in range(PEOPLE)]
    numbers = [phone_of(number) for number in range(PEOPLE)]
    wanted = Counter([*addresses, *numbers, TRIAL_ADDRESS])

    def journal() -> Counter[str]:
        return Counter(entry.address for entry in desk.sandbox.journal())

    wait_until(lambda: journal() >= wanted, 20, "everybody and the tester are told")
    assert journal() == wanted
    subjects = [one.request["content"]["subject"] for one in list_messages(desk.served.ledger)]
    assert sorted(subjects) == ["Flood", "TEST: Flood"]


def test_a_viewer_has_no_composer(browser: Browser, desk: Desk) -> None:
    with signed_in(browser, desk.served, "viewer", "/compose") as page:
        page.get_by_role("link", name="Message log").wait_for()
        assert page.get_by_role("link", name="Compose").count() == 0
        assert page.get_by_role("button", name="New message").count() == 0
