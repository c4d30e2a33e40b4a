"""How long to wait between tries: one pure function."""


def backoff_s(round_number: int, base_s: float, max_s: float, jitter: float) -> float:
    """Return the wait before a round of tries, in seconds.

    Exponential with a cap, times 0.5 to 1.5: the spread keeps the people of one failed batch from
    coming back in the same instant.

    Args:
        round_number: Rounds over all routes so far, from 0.
        base_s: The first wait; it doubles from round to round.
        max_s: The longest wait.
        jitter: A random number in [0, 1).
    """
    # 2**32 s is far past any cap, and keeps the power from overflowing a float
    return float(min(base_s * 2.0 ** min(round_number, 32), max_s) * (0.5 + jitter))
