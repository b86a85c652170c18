"""Which addresses lead to this machine; it imports no client, which takes long."""

import ipaddress
from urllib.parse import urlsplit


def is_loopback(url: str) -> bool:
    """Return whether a URL leads to this machine, where no proxy must be asked.

    Example:
        >>> is_loopback("http://127.0.0.1:8000/v1"), is_loopback("http://localhost:8000"), is_loopback("https://a.org")
        (True, True, False)
    """
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
