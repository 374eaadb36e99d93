"""What all widgets ask of their arguments, with one sentence for each."""


def two_names(names):
    """Return the names of signal and background as text.

    Parameters
    ----------
    names : sequence of two str

    Returns
    -------
    tuple of str
    """
    if len(names) != 2:
        raise ValueError(f"names are two, of signal and background, not {len(names)}.")
    return tuple(str(name) for name in names)


def one_of(name, value, known):
    """Raise unless the argument ``name`` has one of the known values."""
    if value not in known:
        raise ValueError(f"{name} is {' or '.join(map(repr, known))}, not {value!r}.")


def sample_of(train, pair):
    """Return the two arrays of a training sample and its weights, or None for them.

    Parameters
    ----------
    train : tuple of two or three arrays
    pair : str
        What the first two are called.

    Returns
    -------
    tuple of three
    """
    if not isinstance(train, tuple | list) or len(train) not in (2, 3):
        raise TypeError(f"train is a tuple of ({pair}) or ({pair}, weights).")
    return (*train, None)[:3]
