"""People with addresses of all kinds, and messages to them, for property tests."""

from hypothesis import strategies as st

from rollcall.domain.message import CHANNELS
from rollcall.domain.preview.reach import ReachTerms
from tests.people import phone_of

NUMBERS = tuple(phone_of(number) for number in range(3))

PERSONS = st.lists(
    st.fixed_dictionaries({
        "email": st.sampled_from([
            None, "", "ana@example.org", "o\u2019neil@example.org", "a b@example.org",
            "not an address", "@example.org", "ana@", "a\u200b@example.org", "a@b@example.org",
        ]),
        "phone": st.sampled_from([None, "", *NUMBERS]),
        "has_app": st.booleans(),
        "country": st.sampled_from([None, "FR", "JP"]),
    }),
    max_size=8,
)  # fmt: skip

TERMS = st.builds(
    ReachTerms,
    st.lists(st.sampled_from(CHANNELS), min_size=1, unique=True).map(tuple),
    st.frozensets(st.sampled_from(NUMBERS)),
    st.frozensets(st.sampled_from([f"p{number}" for number in range(8)])),
    st.booleans(),
)
