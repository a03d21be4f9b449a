"""Tell formats of data apart that stand beside models: media, fonts, vocabularies, event logs, flax's weights.

Most media have a mark of four bytes or more; what has a short one is known by the numbers behind it as well. Nothing
here is run by any loader of models. Standard library only.
"""

from __future__ import annotations

from mmap import mmap

IMAGE, MEDIA, FONT, FOLDER_VIEW = "image", "media", "font", "folder view"
SENTENCEPIECE, TFRECORD, MSGPACK = "sentencepiece", "tfrecord", "msgpack"

MAX_PIECE = 1 << 14
"""Bytes of one entry of a vocabulary."""
MAX_RECORD = 1 << 40
_MARKS = (
    (b"fLaC", MEDIA),
    (b"OggS\x00", MEDIA),
    (b"ID3\x02", MEDIA),
    (b"ID3\x03", MEDIA),
    (b"ID3\x04", MEDIA),
    (b"\x1a\x45\xdf\xa3", MEDIA),
    (b"wOFF", FONT),
    (b"wOF2", FONT),
    (b"\x00\x00\x00\x01Bud1", FOLDER_VIEW),
    (b"icns\x00", IMAGE),
    (b"8BPS\x00\x01", IMAGE),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", IMAGE),
)
_RIFF = {b"WEBP": IMAGE, b"WAVE": MEDIA, b"AVI ": MEDIA}
_BITMAP_HEADERS = frozenset({12, 40, 52, 56, 64, 108, 124})
_DEPTHS = frozenset({0, 1, 2, 4, 8, 16, 24, 32})
_FONTS = (b"\x00\x01\x00\x00", b"OTTO", b"true")
_RATES = (44100, 48000, 32000)
_BITS = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)


def media_kind(head: bytes, size: int | None) -> str | None:
    """Return `IMAGE`, `MEDIA`, `FONT` or `FOLDER_VIEW`; None for anything else.

    Args:
        head: the first bytes.
        size: how many there are in all; None where that is not known.
    """
    for mark, kind in _MARKS:
        if head.startswith(mark):
            return kind
    if (
        head[:4] in (b"RIFF", b"RIFX", b"RF64")
        and head[8:12] in _RIFF
        and head[12:16].isalnum() | head[12:16].endswith(b" ")
    ):
        return _RIFF[head[8:12]]
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return MEDIA
    if head[4:8] == b"ftyp" and 16 <= int.from_bytes(head[:4], "big") <= 1024 and _printable(head[8:12]):
        return MEDIA
    limit = size if size is not None else 1 << 40
    if _is_bitmap(head, limit) or _is_icon(head, limit):
        return IMAGE
    if _is_font(head, limit):
        return FONT
    return MEDIA if _is_mp3(head) else None


def _printable(data: bytes) -> bool:
    return len(data) > 0 and all(32 <= byte < 127 for byte in data)


def _little(head: bytes, at: int, count: int) -> int:
    return int.from_bytes(head[at : at + count], "little")


def _is_bitmap(head: bytes, size: int) -> bool:
    """BMP: its own length, four zero bytes, where its pixels begin, the length of its second header."""
    if head[:2] != b"BM" or len(head) < 30 or head[6:10] != bytes(4):
        return False
    header = _little(head, 14, 4)
    planes = _little(head, 22 if header == 12 else 26, 2)
    return header in _BITMAP_HEADERS and 14 + header <= _little(head, 10, 4) <= size and planes == 1


def _is_icon(head: bytes, size: int) -> bool:
    """ICO or CUR: a table of pictures, each of which lies behind it and within the file."""
    count = _little(head, 4, 2)
    end = 6 + 16 * count
    if head[:4] not in (b"\x00\x00\x01\x00", b"\x00\x00\x02\x00") or not 1 <= count <= 64 or len(head) < end:
        return False
    for at in range(6, end, 16):
        length, start = _little(head, at + 8, 4), _little(head, at + 12, 4)
        if head[at + 3] or not length or start < end or start + length > size:
            return False
        if head[2] == 1 and (_little(head, at + 4, 2) > 1 or _little(head, at + 6, 2) not in _DEPTHS):
            return False
    return True


def _is_font(head: bytes, size: int) -> bool:
    """TrueType or OpenType: a table of tables with readable names, each within the file."""
    if head[:4] == b"ttcf":
        return head[4:8] in (b"\x00\x01\x00\x00", b"\x00\x02\x00\x00")
    count = int.from_bytes(head[4:6], "big")
    if head[:4] not in _FONTS or not 3 <= count <= 100 or len(head) < 12 + 16 * count:
        return False
    for at in range(12, 12 + 16 * count, 16):
        start, length = int.from_bytes(head[at + 8 : at + 12], "big"), int.from_bytes(head[at + 12 : at + 16], "big")
        if not _printable(head[at : at + 4]) or start + length > size:
            return False
    return True


def _is_mp3(head: bytes) -> bool:
    """MP3 without a tag: three frames, each of which begins where the one before says that it ends."""
    at = 0
    for _ in range(3):
        frame = head[at : at + 4]
        if len(frame) < 4 or frame[0] != 0xFF or frame[1] & 0xE6 != 0xE2:
            return False
        version, bits, rate = frame[1] >> 3 & 3, frame[2] >> 4, frame[2] >> 2 & 3
        if version == 1 or rate == 3 or bits in (0, 15):
            return False
        older = version != 3
        kilobits = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)[bits - 1] if older else _BITS[bits]
        hertz = _RATES[rate] >> {3: 0, 2: 1, 0: 2}[version]
        at += (72 if older else 144) * kilobits * 1000 // hertz + (frame[2] >> 1 & 1)
    return True


# Vocabularies of SentencePiece ----------------------------------------------------------------------------------------


def piece_end(data: bytes | mmap, at: int) -> int | None:
    """Return where an entry of a vocabulary of SentencePiece ends that begins at `at`; None where none does.

    An entry is field 1 of the outer message: a text, a number of four bytes and a kind, in this order and no more.
    """
    if data[at : at + 1] != b"\n":
        return None
    length, at = _length(data, at + 1)
    end = at + length
    if not 2 <= length <= MAX_PIECE or end > len(data) or data[at] != 0x0A:
        return None
    text, at = _length(data, at + 1)
    if at + text > end:
        return None
    try:
        bytes(data[at : at + text]).decode("utf-8")
    except UnicodeDecodeError:
        return None
    at += text
    if at < end and data[at] == 0x15:
        at += 5
    if at + 1 < end and data[at] == 0x18 and data[at + 1] <= 6:
        at += 2
    return end if at == end else None


def _length(data: bytes | mmap, at: int) -> tuple[int, int]:
    """Return a length of one or two bytes, and where it ends; a longer one is too long for an entry."""
    pair = data[at : at + 2]
    if len(pair) < 2:
        return MAX_PIECE + 1, at
    if pair[0] < 0x80:
        return pair[0], at + 1
    return (pair[0] & 0x7F | pair[1] << 7, at + 2) if pair[1] < 0x80 else (MAX_PIECE + 1, at)


def is_sentencepiece(data: bytes | mmap) -> bool:
    """Say whether a file begins as a vocabulary of SentencePiece: with three entries that have a score or a kind."""
    at: int | None = 0
    for _ in range(3):
        start = at
        at = piece_end(data, at) if at is not None else None
        if at is None or start is None or not (data[at - 5] == 0x15 or data[at - 2] == 0x18):
            return False
    return True


# Records of TensorFlow ------------------------------------------------------------------------------------------------


def _table() -> tuple[int, ...]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return tuple(table)


_CRC = _table()


def masked_crc(data: bytes) -> int:
    """Return the checksum that TensorFlow writes behind lengths and records: CRC-32C, turned and moved."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _CRC[(crc ^ byte) & 0xFF]
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def record_length(frame: bytes) -> int | None:
    """Return the length that a frame of twelve bytes announces; None where its checksum does not fit."""
    length = int.from_bytes(frame[:8], "little")
    if len(frame) < 12 or length > MAX_RECORD or masked_crc(frame[:8]) != int.from_bytes(frame[8:12], "little"):
        return None
    return length


# Weights of flax ------------------------------------------------------------------------------------------------------


def is_msgpack(head: bytes) -> bool:
    """Say whether a file begins as a mapping of MessagePack whose first key is a readable text."""
    first = head[:1]
    if b"\x81" <= first <= b"\x8f":
        at = 1
    elif first in (b"\xde", b"\xdf"):
        at = 3 if first == b"\xde" else 5
    else:
        return False
    mark = head[at] if at < len(head) else 0
    if 0xA1 <= mark <= 0xBF:
        key = head[at + 1 : at + 1 + (mark & 0x1F)]
        whole = len(key) == mark & 0x1F
    elif mark == 0xD9 and len(head) > at + 1:
        key = head[at + 2 : at + 2 + head[at + 1]]
        whole = len(key) == head[at + 1] > 0
    else:
        return False
    return whole and _printable(key)
