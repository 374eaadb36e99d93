"""How much a widget sends when it opens."""


def payload(value):
    """Bytes of a table, about: columns and texts as they are, eight for a number."""
    if isinstance(value, dict):
        return sum(map(payload, value.values()))
    if isinstance(value, list):
        return sum(map(payload, value))
    return len(value) if isinstance(value, bytes | str) else 8
