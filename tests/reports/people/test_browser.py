"""The HTML report in a real browser, where there is one: silent, offline, readable, printed on whole sheets."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assay.model.result import ScanResult
from assay.model.verdict import DecisionVerdict, WaiverUse
from assay.reports.html import render

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
PDFTOTEXT = shutil.which("pdftotext")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")

LOOK = """
function channel(v) { v /= 255; return v <= 0.04045 ? v / 12.92 : Math.pow((v + 0.055) / 1.055, 2.4); }
function light(c) { return 0.2126 * channel(c[0]) + 0.7152 * channel(c[1]) + 0.0722 * channel(c[2]); }
function parts(c) { return c.match(/[0-9.]+/g).map(Number); }
function ground(e) {
  for (; e; e = e.parentElement) {
    const c = parts(getComputedStyle(e).backgroundColor);
    if (c.length < 4 || c[3] > 0) return c;
  }
  return [255, 255, 255];
}
function look() {
  const faint = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let texts = 0;
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !e.getClientRects().length) continue;
    texts += 1;
    const a = light(parts(getComputedStyle(e).color)), b = light(ground(e));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) faint.push([walker.currentNode.data.trim().slice(0, 40), ratio]);
  }
  const wide = [...document.querySelectorAll("p, li, dd, pre, h1, h2, h3, .banner")]
    .filter(e => e.getBoundingClientRect().right > innerWidth + 1).map(e => e.textContent.slice(0, 40));
  return {
    width: innerWidth, scroll: document.documentElement.scrollWidth, texts, faint, wide,
    paper: getComputedStyle(document.documentElement).backgroundColor,
    asked: performance.getEntriesByType("resource").length
  };
}
addEventListener("load", () => parent.postMessage(JSON.stringify(look()), "*"));
"""
FRAMES = """<!DOCTYPE html><body><p id="out"></p>
<script>
const seen = [];
addEventListener("message", e => { seen.push(JSON.parse(e.data)); out.textContent = JSON.stringify(seen); });
</script>
<iframe src="page.html" width="1280" height="900"></iframe><iframe src="page.html" width="400" height="900"></iframe>
"""


def chromium(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    assert CHROMIUM is not None
    always = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
    offline = ("--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={folder / 'profile'}")
    command = [CHROMIUM, *always, *offline, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def look(folder: Path, page: str, *arguments: str) -> list[dict[str, Any]]:
    """Open the page at two widths; the copy that is looked at has a script, and so no policy against scripts."""
    bare = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', f"<script>{LOOK}</script>", page)
    assert bare != page
    (folder / "page.html").write_text(bare, "utf-8")
    (folder / "frames.html").write_text(FRAMES, "utf-8")
    done = chromium(folder, "--dump-dom", "--virtual-time-budget=20000", *arguments, f"file://{folder}/frames.html")
    found = re.search(r'<p id="out">(.*?)</p>', done.stdout, re.S)
    assert found and found.group(1), done.stderr[-2000:]
    seen: list[dict[str, Any]] = json.loads(html.unescape(found.group(1)))
    return sorted(seen, key=lambda view: -view["width"])


def sheets(folder: Path, page: str) -> list[str]:
    """Print the page and return the text of each sheet."""
    if PDFTOTEXT is None:
        pytest.skip("no pdftotext on this machine")
    (folder / "print.html").write_text(page, "utf-8")
    chromium(folder, "--no-pdf-header-footer", f"--print-to-pdf={folder}/out.pdf", f"file://{folder}/print.html")
    done = subprocess.run(
        [PDFTOTEXT, "-layout", f"{folder}/out.pdf", "-"], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.split("\f")[:-1]


ACCOUNTS = "Customers whose accounts were closed can be told apart by the answers of this model, which nobody wanted. "
BROAD = "WWWWWWWW MMMMMM " * 7
CROWDS = {
    "nine of each": ((9, 9, 9), ACCOUNTS, True),
    "three reasons": ((3, 0, 0), ACCOUNTS, False),
    "as many as there is room for": ((8, 8, 6), ACCOUNTS, False),
    "accepted ones alone": ((0, 0, 6), ACCOUNTS, False),
    "broad letters": ((9, 9, 9), BROAD, True),
    "no blank to break at": ((9, 9, 9), "x" * 110, False),
    "ideographs": ((9, 9, 9), "模型文件可以在打开它的计算机上运行命令" * 6, False),
}
"""How many findings fail, are inconclusive, are waived; their words; whether everything else stands there too."""
RARE = ("as many as there is room for", "no blank to break at", "ideographs")


def crowded(
    full: ScanResult, change: Callable[..., ScanResult], many: tuple[int, int, int], words: str, all_else: bool
) -> ScanResult:
    """Findings that Assay has no plain words for, all of them long; and a run that was cut."""
    decisions, findings = [], []
    states = (DecisionVerdict.FAIL, DecisionVerdict.INCONCLUSIVE, DecisionVerdict.WAIVED)
    for number, state in enumerate(state for state, n in zip(states, many, strict=True) for _ in range(n)):
        rule = f"a-rule-{words[:20]}-with-a-rather-long-name-{number}"
        more = {"rule": rule, "verdict": state, "detector": None, "metric": None}
        decisions.append(full.verdict.decisions[0].model_copy(update=more | {"reason": words, "needs_n": 4200}))
        finding = full.verdict.findings[0].model_copy(update=more | {"text": f"{number} {words}{words}"})
        values = {"id": f"W-2026-department-{number}", "state": "valid", "reason": words * 2, "expires": "2026-12-08"}
        waiver = WaiverUse.model_validate(values | {"approver": "chief.information.security.officer@acme.example"})
        findings.append(finding.model_copy(update={"waiver": waiver if state is DecisionVerdict.WAIVED else None}))
    run = full.provenance.run.model_copy(update={"interrupted": all_else, "unsandboxed": all_else})
    more = {"run": run, "target": f"{words[:4]}-a-long-name-of-a-model-" * 4}
    judged = change(full, decisions=tuple(decisions), findings=tuple(findings))
    if not all_else:
        more |= {"inputs": (), "trusted": ()}
        judged = change(judged, changes=None, waivers=()).model_copy(update={"outcomes": ()})
    return judged.model_copy(update={"provenance": full.provenance.model_copy(update=more)})


def test_the_page_loads_offline_without_a_word_on_the_console(full: ScanResult, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(render(full), "utf-8")
    shot = tmp_path / "shot.png"
    done = chromium(tmp_path, "--enable-logging=stderr", f"--screenshot={shot}", f"file://{tmp_path}/page.html")
    assert shot.stat().st_size > 10_000
    assert ":CONSOLE" not in done.stderr, done.stderr


def test_the_check_for_console_errors_sees_one(tmp_path: Path) -> None:
    page = "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'\"><img src=http://no.example/x.png>"
    (tmp_path / "page.html").write_text(page, "utf-8")
    done = chromium(tmp_path, "--enable-logging=stderr", "--dump-dom", f"file://{tmp_path}/page.html")
    assert ":CONSOLE" in done.stderr


@pytest.mark.parametrize(("night", "paper"), [(False, "rgb(255, 255, 255)"), (True, "rgb(20, 24, 31)")])
def test_every_text_can_be_read_and_nothing_runs_out_of_the_page(
    full: ScanResult, cases: dict[str, ScanResult], tmp_path: Path, night: bool, paper: str
) -> None:
    scheme = f"--blink-settings=preferredColorScheme={0 if night else 1}"
    for result in (full, cases["hostile"]):
        views = look(tmp_path, render(result), scheme)
        assert [view["width"] for view in views] == [1280, 400]
        for view in views:
            assert view["paper"] == paper
            assert view["texts"] > 200
            assert view["faint"] == []
            assert view["wide"] == []
            assert view["scroll"] <= view["width"]
            assert view["asked"] == 0


def whole(pages: list[str]) -> None:
    assert pages[0].strip().startswith("ASSAY INTEGRITY REPORT")
    assert "The decision is written down and signed" in pages[0]
    assert pages[1].strip().startswith("In this report")
    assert pages[-1].strip().startswith("16 Sign-off")
    assert "It is not a statement that a law" in pages[-1]


def test_page_1_is_one_sheet_and_the_last_sheet_is_signed(
    full: ScanResult, cases: dict[str, ScanResult], tmp_path: Path
) -> None:
    for result in (full, cases["clean"], cases["not-assessed"]):
        whole(sheets(tmp_path, render(result)))


@pytest.mark.parametrize(
    "name", ["accepted ones alone", "broad letters", *(pytest.param(name, marks=pytest.mark.soak) for name in RARE)]
)
def test_page_1_of_a_crowd_is_one_sheet(
    full: ScanResult, change: Callable[..., ScanResult], tmp_path: Path, name: str
) -> None:
    whole(sheets(tmp_path, render(crowded(full, change, *CROWDS[name]))))


def test_where_there_is_room_a_reason_is_told_whole(
    full: ScanResult, change: Callable[..., ScanResult], tmp_path: Path
) -> None:
    printed = [sheets(tmp_path, render(crowded(full, change, *CROWDS[n]))) for n in ("three reasons", "nine of each")]
    for pages in printed:
        whole(pages)
    few, many = (" ".join(pages[0].split()) for pages in printed)
    assert f"0 {ACCOUNTS}{ACCOUNTS}".strip() in few
    assert f"0 {ACCOUNTS}".strip() in many and f"0 {ACCOUNTS}{ACCOUNTS}".strip() not in many


def test_a_table_head_is_on_every_sheet_of_its_table(
    full: ScanResult, multiply: Callable[[ScanResult, int], ScanResult], tmp_path: Path
) -> None:
    pages = sheets(tmp_path, render(multiply(full, 600)))
    last = next(number for number, page in enumerate(pages) if "6 Decisions" in page)
    first = next(number for number, page in enumerate(pages) if "5 Measurements" in page)
    assert last - first >= 2
    for page in pages[first : last - 1]:
        assert re.search(r"Metric +Interval and limit +Value", page)
