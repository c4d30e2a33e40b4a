"""The interpreter is tuned while sends are under way, and only then."""

import gc
import sys

import pytest

from rollcall.sending.interpreter import SWITCH_S, YOUNG_OBJECTS, tuned_interpreter


def test_settings_last_until_the_last_of_several_sends_ends() -> None:
    before = gc.get_threshold(), sys.getswitchinterval()
    with tuned_interpreter():
        with tuned_interpreter():
            pass
        assert gc.get_threshold()[0] == YOUNG_OBJECTS
        assert sys.getswitchinterval() == pytest.approx(SWITCH_S)
    assert (gc.get_threshold(), sys.getswitchinterval()) == before


def test_settings_come_back_after_a_send_that_failed() -> None:
    before = gc.get_threshold(), sys.getswitchinterval()
    with pytest.raises(RuntimeError), tuned_interpreter():
        raise RuntimeError
    assert (gc.get_threshold(), sys.getswitchinterval()) == before
