"""What Vonage repeats after an outage of ours: signed as it should be, and long ago."""

import pytest

from rollcall.routes.callbacks import ForgedCallbackError, StaleCallbackError
from tests.unit.routes.test_vonage_callbacks import (
    BODY,
    DLR,
    NOW,
    NOW_S,
    carry,
    make_route,
    make_token,
    post,
    sign,
)


@pytest.mark.parametrize(
    ("age_s", "is_stale"), [(301, True), (72 * 3600 + 300, True), (72 * 3600 + 301, False)]
)
def test_what_vonage_may_still_repeat_is_stale_and_not_forged(
    age_s: int, *, is_stale: bool
) -> None:
    made_at_s = NOW_S - age_s
    for route, callback in (
        (make_route(), post(sign(DLR, made_at_s))),
        (make_route("jwt"), carry(make_token(BODY, iat=made_at_s), BODY)),
    ):
        with pytest.raises(ForgedCallbackError) as refused:
            route.verify(callback, NOW)
        assert isinstance(refused.value, StaleCallbackError) == is_stale


def test_what_is_old_and_changed_is_forged_and_not_stale() -> None:
    old_token = make_token(BODY, iat=NOW_S - 3600)
    for route, callback in (
        (make_route(), post(sign(DLR, NOW_S - 3600) | {"status": "failed"})),
        (make_route("jwt"), carry(old_token, BODY + b" ")),
    ):
        with pytest.raises(ForgedCallbackError) as refused:
            route.verify(callback, NOW)
        assert not isinstance(refused.value, StaleCallbackError)
