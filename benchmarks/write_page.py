"""Run a benchmark and write what it prints to docs/benchmarks, with the command, the versions and the day.

python benchmarks/write_page.py artifact -- --corpus DIR
"""

from __future__ import annotations

import datetime
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ABOUT = {
    "artifact": (
        "Reading model files without running them",
        "A development corpus of 875 labelled files (own generators, and the test fixtures of picklescan, modelaudit, "
        "fickling and modelscan; not shipped). The readers were made beside it and the allowlist was widened by whole families after its "
        "false alarms were seen, so these numbers are in-sample. `findings`: forbidden code or anomalies of structure; `unknown` blocks by "
        "default; `not a model`: text and data in which nothing was found. The one bad file that is clean is a pickle that nests another one "
        "which imports nothing; a good file of the same corpus does as well.",
    ),
    "artifact_load": (
        "Payloads of hostile files in the sealed worker",
        "The 499 bad files of the development corpus, one sealed worker each. `through the gate`: as a scan does it; the two that were opened "
        "are a pickle that nests an inert one, and lists 200,000 deep, which the reading at that hour still called clean (it is unread since). "
        "`forced`: stage 0 ignored, unsafe loaders. What a payload tried is what its worker's audit hook saw; effects are looked for from outside.",
    ),
    "pii": (
        "Personal data and secrets in ML logs",
        "Logs made by `benchmarks/pii_corpus.py`: 24 systems, 24 shapes and prose, 20 chains of encodings, look-alikes without personal data. "
        "Rules were mended on seeds 1 to 6 of the `dev` systems; `heldout` are twelve other systems with shapes of their own, and the seeds here "
        "were not looked at before. The generator knows every kind that the rules know, so read the figures as an upper bound for other logs. "
        "Other tools see the first 1,000 lines, line by line, in the same run.",
    ),
    "pii_presidio": (
        "Presidio behind a prefilter made of its own patterns",
        "`engine: presidio` beside Presidio asked for the same eleven types with the same configuration, line by line. Half of the lines are of the "
        "systems `heldout`. `no finding of ours`: what Presidio is sure of (checksum, or all separators) where our own rules report nothing at "
        "all. Of the cards, 190 of 195 looked at are look-alikes by the labels: digits behind a decimal point, timestamps in microseconds, numbers "
        "that their key calls something else; one in ten passes the Luhn digit. The other five and all the SSN are misses of ours, where a word "
        "such as `seq` or `metrics` of another field stands near.",
    ),
    "pii_tables": (
        "Personal data in tables: false alarms and power",
        "`pii.dataset` on tables that nobody is in, and on tables with one planted column a kind. Rules and generators were tuned on seed 7; "
        "the seeds here were not looked at before. Both were written by one author, so read the power as an upper bound. `values found`: "
        "of tier A by row, of others distinct values, over all shares; under a name that says nothing, kinds that need one are not found. `called`: "
        "the column is called personal, which asks for a low end of 0.5, or of 0.1 under a name that says the same (0.2 where a check "
        "digit lets a tenth of all numbers pass): a share of exactly 0.1 is not enough.",
    ),
    "coverage": (
        "Coverage of the intervals",
        "Simulated: how often each interval of `assay.stats` holds the truth, over 2,000 runs a row. Rows whose method claims to be exact must "
        "not exceed the nominal level by more than two points. Thresholds of the AUC were chosen on a binormal grid: those rows are in-sample.",
    ),
    "poisoning": (
        "Wrong labels: false alarms and power",
        "`poisoning.labels` on digits (1,797 images of scikit-learn) and German Credit (1,000 rows), split anew for every run. It was "
        "made on the labelled cases of the last table (`--cases`, in-sample, not shipped: digits, MNIST, Adult, SMS, seeds 0 and 1, other splits) and on the "
        "first seeds of the fixtures; its gate (`not assessed`: the inputs differ within the classes) on seeds 500 to 505. `augmented`: 30 % of the "
        "training images shifted by half a pixel of eight while no trusted one is; `moved`, by a whole pixel, is shown and not promised. "
        "`class p` is adjusted for the number of classes.",
    ),
    "adversarial": (
        "Adversarial susceptibility: exactness, hidden gradients, decisions",
        "`adversarial.whitebox`: random linear models against all corners of their box; the digit reader of the fixtures, which has "
        "a robust accuracy of 0.01 at eps 0.15, behind defences that only hide its gradients, with ART's PGD (40 steps, same rows) beside "
        "us; rows until a limit is decided; public MNIST networks (first 500 test images, not shipped). Steps and restarts were chosen on "
        "the fixture's reader and on one of the networks. A flag makes robust accuracy an upper bound, which no rule passes.",
    ),
    "privacy": (
        "Membership inference: false alarms, refusals, power",
        "`privacy.membership` on digits and German Credit, split and trained anew for every run. The attack has one parameter, from its paper. "
        "Limits of the baseline: AUC 0.60, epsilon 1, by the low end. Location-30 is not shipped; a study with four other targets "
        "and the same two references found AUC 0.918 and a TPR of 33.1 % at 1 %.",
    ),
    "refits": (
        "Both fixtures, rebuilt with twenty seeds",
        "Fresh splits, fits, plants and logs, scanned with the baseline policy, whose limits are older than the detectors. They were made "
        "looking at seed 0 and at 201 to 203, and mended after a look at 101 to 120, for one of which a gate had refused to answer. The seeds "
        "here were never looked at before. Of 20 clean scans 4 may fail (99 % quantile at the policy's alpha of 0.05).",
    ),
    "verdicts": (
        "How often a verdict is wrong",
        "Simulated, with the judge itself: a target that stands exactly at its limit, so that every pass and every fail is wrong; the share "
        "`inconclusive` is what honesty costs there. `judge: lower` passes what shows no evidence of harm, so it promises nothing of its "
        "passes. A p-value passes where an effect of the size that the rule names would have been seen with 80 % power: at that very effect "
        "one in five passes. Below: each built-in policy on a target at every limit at once (p-values of nothing wrong, counts at 0); "
        "without a split it would fail as often as the last row says. Monte-Carlo error of 2,000 trials at 5 %: 1 point.",
    ),
    "worker": (
        "The cost of a sealed worker",
        "Start of a worker with its seal and self-probe, and the overhead of one trivial task.",
    ),
}


def main() -> int:
    """Write one page; return the script's exit code."""
    name, rest = sys.argv[1], [part for part in sys.argv[2:] if part != "--"]
    title, about = ABOUT[name]
    command = [sys.executable, str(ROOT / "benchmarks" / f"{name}.py"), *rest]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.stderr.write(done.stdout + done.stderr)
        return done.returncode
    shown = " ".join("DIR" if "/" in part else part for part in rest)
    body = done.stdout.rstrip()
    block = body if "|---" in body else f"```text\n{body}\n```"
    page = (
        f"# {title}\n\n{about}\n\n`python benchmarks/{name}.py {shown}`, {datetime.date.today()}, "
        f"Assay {version('model-assay')}, Python {platform.python_version()}, {platform.machine()}, one process, CPU seconds.\n\n"
        f"{block}\n"
    )
    (ROOT / "docs" / "benchmarks" / f"{name}.md").write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
