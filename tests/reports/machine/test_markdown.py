"""The Markdown summary: short for any result, and inert whatever a target is called."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import pytest
from markdown_it import MarkdownIt

from assay.model.outcome import Status
from assay.model.result import ScanResult
from assay.model.verdict import Changes, Gone, Severity
from assay.reports.markdown import inert, render

ZERO_WIDTH = "&#8203;"


def lines(result: ScanResult) -> list[str]:
    return render(result).splitlines()


def with_verdict(result: ScanResult, **changes: object) -> ScanResult:
    return result.model_copy(update={"verdict": result.verdict.model_copy(update=changes)})


def begun(result: ScanResult, moment: str) -> ScanResult:
    run = result.provenance.run.model_copy(update={"started": moment})
    return result.model_copy(update={"provenance": result.provenance.model_copy(update={"run": run})})


def test_an_officer_reads_the_answer_first(cases: dict[str, ScanResult]) -> None:
    first = {name: lines(result)[0] for name, result in cases.items()}
    assert first["clean"] == "## ✔ PASS · May this model be released? Yes"
    assert first["failing"] == "## ✖ FAIL · May this model be released? No"
    assert first["not-assessed"] == "## ? NOT ASSESSED · May this model be released? Not decided"
    assert "Exit code 3." in lines(cases["not-assessed"])[2]


def test_a_blocking_row_has_value_interval_limit_and_the_manifest_line(cases: dict[str, ScanResult]) -> None:
    (row,) = [line for line in lines(cases["inconclusive"]) if "no-leak" in line]
    shown = html.unescape(row)
    assert "inconclusive, high" in shown
    assert "0.04 [0.01, 0.1]; n = 4,200 would decide" in shown
    assert "| at most 0.05 | target/assay.yaml:3 |" in shown


def test_the_tally_with_a_baseline(cases: dict[str, ScanResult]) -> None:
    gone = Gone(fingerprint="f", rule="r", severity=Severity.LOW, verdict="fail", text="t")
    changes = Changes(
        path="b.json", sha256="a" * 64, new=2, worse=1, same=14, better=0, gone=(gone,) * 3, notes=("another policy",)
    )
    result = with_verdict(begun(cases["waived"], "2027-01-25T10:00:00+00:00"), changes=changes)
    assert "**new 2 · worse 1 · same 14 · gone 3 · waived 1 (1 expires in 6 days) · not run 0**" in lines(result)
    assert "Compared with the baseline: another policy" in lines(result)


def test_the_tally_without_a_baseline(cases: dict[str, ScanResult]) -> None:
    assert "**blocking 3 · passed 1 · no baseline · waived 0 · not run 0**" in lines(cases["failing"])
    assert "**blocking 2 · passed 0 · no baseline · waived 0 · not run 3**" in lines(cases["not-assessed"])


def test_the_tally_counts_the_checks_that_the_sentence_counts(cases: dict[str, ScanResult]) -> None:
    """Checks may be left out though each detector ran: of a model that may not be loaded, for one."""
    whole = cases["not-assessed"]
    ran = tuple(o.model_copy(update={"status": Status.RAN}) for o in whole.outcomes)
    text = lines(whole.model_copy(update={"outcomes": ran}))
    assert "1 check failed to run; 2 checks were not made" in text[2]
    assert text[4].endswith("· not run 3**")


@pytest.mark.parametrize("moment", ["", "soon", "2026-11-01T00:00:00+00:00", "2027-02-01T00:00:00+00:00"])
def test_an_end_that_is_far_or_past_or_undated_is_not_called_near(cases: dict[str, ScanResult], moment: str) -> None:
    assert "expires in" not in render(begun(cases["waived"], moment))


def test_an_accepted_finding_names_who_and_until_when(cases: dict[str, ScanResult]) -> None:
    (line,) = [line for line in lines(cases["waived"]) if line.startswith("- accepted")]
    assert line == "- accepted: no-unsafe-code, approved by Ada Officer until 2027-01-31: vetted by hand"
    assert "its waiver W-7 is expired" in render(cases["expired-waiver"])


def test_coverage_and_one_command_are_at_the_end(cases: dict[str, ScanResult]) -> None:
    judged = "assay judge result.json --policy builtin:baseline -o json=result.json"
    scanned = "assay scan target/assay.yaml --policy baseline --seed 0 -o json=result.json"
    assert lines(cases["failing"])[-4:] == ["```sh", scanned, judged, "```"]
    assert cases["failing"].verdict.coverage.sentence in lines(cases["failing"])


def test_sixty_lines_are_enough_for_any_result(
    crowd: ScanResult, cases: dict[str, ScanResult], random_result: Callable[..., ScanResult]
) -> None:
    for result in (crowd, *cases.values(), *(random_result(seed) for seed in range(40)), random_result(3, 500)):
        shown = lines(result)
        assert len(shown) <= 60
        if result.provenance.run.argv:
            assert re.fullmatch("`{3,}", shown[-1])  # nothing was cut off at the end
    assert "| | 4,980 more in the JSON result | | | |" in lines(crowd)


HOSTILE = {
    "a|b": "a&#124;b",
    "`x`": "&#96;x&#96;",
    "<img src=x>": "&#60;img src=x&#62;",
    "@octocat": f"&#64;{ZERO_WIDTH}octocat",
    "see #12": f"see &#35;{ZERO_WIDTH}12",
    "GH-12": f"GH-{ZERO_WIDTH}12",
    "[a](b)": "&#91;a&#93;(b)",
    "**b** __u__": "&#42;&#42;b&#42;&#42; &#95;&#95;u&#95;&#95;",
    "https://evil.example": f"https{ZERO_WIDTH}://evil.example",
    "www.evil.example": f"www{ZERO_WIDTH}.evil.example",
    "$x$": "&#36;x&#36;",
    "&lt;": "&#38;lt;",
    "\u202ex": "&#92;u202ex",
    "a\n# b": f"a&#92;n&#35;{ZERO_WIDTH} b",
}


@pytest.mark.parametrize(("text", "shown"), HOSTILE.items())
def test_foreign_text_is_inert(text: str, shown: str) -> None:
    assert inert(text) == shown


def test_outside_the_command_nothing_foreign_can_act(
    cases: dict[str, ScanResult], random_result: Callable[..., ScanResult]
) -> None:
    for result in (cases["hostile"], *(random_result(seed) for seed in range(60))):
        shown = lines(result)
        end = next((n for n, line in enumerate(shown) if line.startswith("```")), len(shown))
        body = "\n".join(shown[:end])
        assert not re.search(r"[`@<](?!br>)", body)
        assert not re.search(r"(?i)(https?|ftp|mailto):|www\.|GH-[0-9]|#[0-9]+(?![0-9;])", body)
        assert not re.search(r"\]\(|!\[|\$", body)
        for row in (line for line in shown[:end] if line.startswith("|")):
            assert row.count("|") == 6


def test_rendered_it_holds_no_element_but_ours(
    cases: dict[str, ScanResult], random_result: Callable[..., ScanResult]
) -> None:
    parser = MarkdownIt("commonmark", {"html": True}).enable("table")
    ours = {"h2", "p", "strong", "br", "ul", "li", "pre", "code", "table", "thead", "tbody", "tr", "th", "td"}
    for result in (cases["hostile"], *(random_result(seed) for seed in range(60))):
        page = parser.render(render(result))
        assert set(re.findall(r"<([a-zA-Z!][^\s/>]*)", page)) <= ours
        assert page.count("<h2>") == 1
        assert page.count("<table>") <= 1


def test_the_command_cannot_close_its_block(cases: dict[str, ScanResult]) -> None:
    run = cases["clean"].provenance.run.model_copy(update={"argv": ("assay", "```\n# x", "`````")})
    provenance = cases["clean"].provenance.model_copy(update={"run": run})
    shown = lines(cases["clean"].model_copy(update={"provenance": provenance}))
    assert shown[-4] == "``````sh"
    assert shown[-1] == "``````"
    assert "\\n# x" in shown[-3]
