"""Which values are equal: told by keyed digests, shown as ordinals or, under a key of the user, as fingerprints."""

from __future__ import annotations

import hmac
from pathlib import Path

from assay.detector import Context, DetectorFailed

MOST = 400_000
"""Values that are told apart by their group."""
KEY_BYTES = 32
_MOST_KEY_BYTES = 1 << 16
_SOURCES = 1 << 24


class Groups:
    """Names of values by first appearance: `EMAIL_ADDRESS-3`, or `EMAIL_ADDRESS-hmac:0123456789abcdef`.

    An ordinal tells nothing beyond this scan, and the digests are forgotten with this object. A fingerprint is the
    same in every scan with the same key of the user, and nobody without the key can find the value by trying.
    """

    def __init__(self, fingerprints: bool = False) -> None:
        self._fingerprints = fingerprints
        self._seen: dict[int, int] = {}
        self._last: dict[str, int] = {}
        self.full = False

    def name(self, entity: str, digest: str, source: int = 0) -> tuple[str | None, bool]:
        """Return the group of a value, and whether it is new in this source; sources come one after another.

        The group is None once there are too many values to remember.
        """
        key = int(digest[:16], 16)
        known = self._seen.get(key)
        new = known is None or known % _SOURCES != source
        if known is not None:
            number = known // _SOURCES
        elif len(self._seen) < MOST:
            number = self._last[entity] = self._last.get(entity, 0) + 1
        else:
            self.full = True
            return (f"{entity}-hmac:{digest[:16]}" if self._fingerprints else None), False
        if new:
            self._seen[key] = number * _SOURCES + source
        return f"{entity}-hmac:{digest[:16]}" if self._fingerprints else f"{entity}-{number}", new


def digest_key(ctx: Context, root: Path) -> tuple[str, bool]:
    """Return the key of digests in hex, and whether it is the user's (option `fingerprint_key`).

    Raises:
        DetectorFailed: the user's key cannot be read, or is too short to keep anything secret.
    """
    given = str(ctx.options["fingerprint_key"])
    if not given:
        return ctx.secret("values"), False
    try:
        with (root / Path(given).expanduser()).open("rb") as file:
            key = file.read(_MOST_KEY_BYTES + 1)
    except OSError as error:
        raise DetectorFailed(f"option fingerprint_key: the file cannot be read ({error.strerror})") from None
    if not KEY_BYTES <= len(key) <= _MOST_KEY_BYTES:
        raise DetectorFailed(
            f"option fingerprint_key: the file holds {len(key)} bytes; give one of {KEY_BYTES} random bytes or more "
            f"(`head -c {KEY_BYTES} /dev/urandom > FILE`), and at most {_MOST_KEY_BYTES}"
        )
    return hmac.digest(key, b"assay: fingerprints of values", "sha256").hex(), True
