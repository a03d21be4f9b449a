"""A corpus of broken policies and manifests: every one is caught, at its place, with a remedy.

The first line of each file says what is expected: `# expect LINE:COLUMN words of the remedy`. Files that cannot hold
such a line (another encoding, no content, too large) are made here.
"""

import datetime
import re
from pathlib import Path

import pytest

from assay.engine.catalogue import load_catalogue
from assay.model.errors import InvalidInput
from assay_policies.files import check_named

FOLDER = Path(__file__).parent / "broken"
TODAY = datetime.date(2026, 11, 26)
GOOD = "version: 1\nid: acme/x\nrules:\n  - {id: r, metric: pii.logs.count, limit: {max: 0}}\n"
MADE = {
    # name: (content, place, words of the remedy)
    "empty": (b"", "1:1", "version: 1"),
    "only-a-comment": (b"# nothing yet\n", "1:1", "version: 1"),
    "utf-16": (GOOD.encode("utf-16"), "1:1", "UTF-8"),
    "latin-1": (GOOD.encode() + "title: Pr\u00fcfung\n".encode("latin-1"), "5:10", "UTF-8"),
    "binary": (b"\x80\x04\x95" + b"\x00" * 60, "1:1", "UTF-8"),
    "bom-and-a-wrong-key": (b"\xef\xbb\xbfversoin: 1\n" + GOOD.encode(), "1:1", "did you mean 'version'"),
    "control-character": (GOOD.encode() + b"title: a\x07b\n", "5:9", "remove"),
    "too-large": (GOOD.encode() + b"# filler\n" * 120_000, "", "check the path"),
    "too-deep": (b"version: 1\nid: " + b"[" * 3000 + b"]" * 3000 + b"\n", "2:65", "too deep"),
    "aliases-that-multiply": (
        b"a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        + b"".join(b"a%d: &a%d [%s]\n" % (i, i, b", ".join([b"*a%d" % (i - 1)] * 9)) for i in range(1, 9)),
        "", "aliases"),
    "windows-line-ends": ((GOOD + "profile: relase\n").replace("\n", "\r\n").encode(), "5:10", "did you mean 'release'"),
    "half-a-character": (GOOD.encode() + b'title: "\\ud800"\n', "5:8", "remove"),
}  # fmt: skip


def corpus():
    for path in sorted(FOLDER.glob("*.yaml")):
        found = re.match(r"# expect (\d+:\d+)(?: (.*))?", path.read_text(encoding="utf-8").split("\n")[0])
        assert found, f"{path}: the first line must be `# expect LINE:COLUMN remedy`"
        yield path.stem, path, found[1], found[2] or ""


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What is said of each file: (name, file, place, words, message or None)."""
    catalogue = load_catalogue()
    folder = tmp_path_factory.mktemp("made")
    for name, (content, _, _) in MADE.items():
        (folder / f"{name}.yaml").write_bytes(content)
    cases = [*corpus(), *((name, folder / f"{name}.yaml", place, words) for name, (_, place, words) in MADE.items())]

    def one(path):
        try:
            check_named(str(path), catalogue.specs, catalogue.ids_broken, TODAY)
        except InvalidInput as error:
            return str(error)
        return None

    return [(name, path, place, words, one(path)) for name, path, place, words in cases]


def share(flags):
    return 100 * sum(flags) / len(flags)


def test_all_are_caught_at_their_place_with_a_remedy(said, capsys):
    caught = [name for name, *_, message in said if message is not None]
    exact = [
        name
        for name, path, place, _, message in said
        if message is not None and message.startswith(f"{path}:{place}{'' if place[-1:] in (':', '') else ': '}")
    ]
    useful = [name for name, _, _, words, message in said if message is not None and words and words in message]
    names = [name for name, *_ in said]
    with capsys.disabled():
        print(
            f"\n{len(names)} broken files: {100 * len(caught) / len(names):.1f} % caught, "
            f"{100 * len(exact) / len(names):.1f} % at the exact line and column, "
            f"{100 * len(useful) / len(names):.1f} % with a useful suggestion"
        )
    assert len(names) >= 80
    assert sorted(set(names) - set(caught)) == []
    assert len(exact) >= 0.95 * len(names), sorted(set(names) - set(exact))
    assert len(useful) >= 0.8 * len(names), sorted(set(names) - set(useful))


def test_each_is_one_sentence_with_the_line_and_a_caret(said):
    for name, path, place, _, message in said:
        first = message.split("\n")[0]
        assert len(first) < 600, name
        assert first.startswith(str(path)), name
        assert "Traceback" not in message, name
        if name in MADE or not place:
            continue
        _, shown, caret = message.split("\n")[:3]
        assert set(caret.strip()) == {"^"}, name
        line, column = (int(part) for part in re.match(r".*?:(\d+):(\d+): ", first[len(str(path)) :]).groups())
        source = path.read_text(encoding="utf-8").split("\n")
        assert shown.strip() == "".join(c if c.isprintable() else "·" for c in source[line - 1]).strip(), name
        assert caret.index("^") - 4 == column - 1, name
