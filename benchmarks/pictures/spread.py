"""Which samples of a test set are shown."""


def spread(length: int, count: int) -> list[int]:
    """Indices spread evenly over a test set.

    Args:
        length: Of the test set.
        count: How many; all if there are fewer.
    """
    count = min(count, length)
    return [i * length // count for i in range(count)]
