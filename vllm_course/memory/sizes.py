"""Bytes as people write them and as they read them."""

import re

UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
WRITTEN = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([kmgt]i?b?|[KMGT]i?B?|B?)")


def parse_bytes(text: str) -> int:
    """Return the bytes that a text names.

    Args:
        text: A whole number of bytes, or a number and a unit. `GiB` and `G` are 2**30 bytes, `GB` and `g` are 10**9,
            as vLLM's own command line reads `G` and `g`. The same goes for K, M and T.

    Raises:
        ValueError: It is no size, or less than one byte.

    Example:
        >>> parse_bytes("24GiB"), parse_bytes("1.5g"), parse_bytes("4096")
        (25769803776, 1500000000, 4096)
    """
    found = WRITTEN.fullmatch(text.strip())
    if found is None or not (size := int(float(found[1]) * _factor(found[2]))):
        raise ValueError(f"{text!r} is no size")
    return size


def _factor(unit: str) -> int:
    if unit in ("", "B"):
        return 1
    power = "KMGT".index(unit[0].upper()) + 1
    binary = "i" in unit or unit in "KMGT"
    return (1024 if binary else 1000) ** power


def shown_bytes(size: float) -> str:
    """Return a number of bytes as a person reads it.

    Example:
        >>> shown_bytes(4096), shown_bytes(25769803776), shown_bytes(-1536)
        ('4.0 KiB', '24.0 GiB', '-1.5 KiB')
    """
    power = 0
    while abs(size) >= 1024 and power < len(UNITS) - 1:
        size, power = size / 1024, power + 1
    return f"{size:.0f} B" if power == 0 else f"{size:.1f} {UNITS[power]}"
