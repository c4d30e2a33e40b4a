"""What services in rounds tell of themselves."""

from rollcall.cli.monitoring import Rounds


async def test_service_is_well_after_a_whole_round_and_not_after_a_broken_one() -> None:
    rounds = Rounds("replies", 30.0)
    assert (await rounds.check()).is_well
    rounds.note(is_whole=False)
    assert not (await rounds.check()).is_well
    rounds.note(is_whole=True)
    assert (await rounds.check()).is_well
    counted = {
        result: rounds.registry.get_sample_value("rollcall_rounds_total", {"result": result})
        for result in ("whole", "broken")
    }
    assert counted == {"whole": 1, "broken": 1}


async def test_service_whose_round_does_not_end_is_not_well() -> None:
    hung = Rounds("replies", None, patience_s=0.0)
    assert not (await hung.check()).is_well
