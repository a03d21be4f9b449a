"""Whether a mail domain can exist: its end is in the list of public suffixes that ships with a library. No network."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

_MACHINES = frozenset({"git", "hg", "svn"})
"""Users of version control, not of mail: `git@github.com:org/repo.git`."""


def public(address: str) -> bool:
    """Say whether the address is under a public suffix: `a@b.de`, not `a@db.internal`, nor `git@` of a repository."""
    user, _, domain = address.lower().rpartition("@")
    return user not in _MACHINES and _public(domain)


@lru_cache(maxsize=1 << 14)
def _public(domain: str) -> bool:
    parts = _extractor()(domain)
    return bool(parts.domain and parts.suffix)


@lru_cache(maxsize=1)
def _extractor() -> Any:
    import tldextract

    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
