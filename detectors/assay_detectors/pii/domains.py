"""Whether a mail domain can exist: its end is in the list of public suffixes that ships with a library. No network."""

from __future__ import annotations

from functools import lru_cache
from typing import Any


def public(address: str) -> bool:
    """Say whether the address is under a public suffix: `a@b.de`, not `a@db.internal`."""
    return _public(address.rpartition("@")[2].lower())


@lru_cache(maxsize=1 << 14)
def _public(domain: str) -> bool:
    parts = _extractor()(domain)
    return bool(parts.domain and parts.suffix)


@lru_cache(maxsize=1)
def _extractor() -> Any:
    import tldextract

    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
