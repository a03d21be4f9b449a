"""A 1 GB log of one line: bounded time and memory, and the rest of the scan is there."""

import resource


def test_one_line_of_1_gb(assay, target, manifest):
    path = target / "huge.log"
    with path.open("wb") as stream:
        for _ in range(1024):
            stream.write(b"0123456789abcdef" * 65536)
        stream.write(b" mail jane.roe@example.com \n")
    manifest(logs=[{"path": "app.log"}, {"path": "huge.log"}])
    try:
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        done = assay("scan", "assay.yaml", timeout=900)
        cpu = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    finally:
        path.unlink()
    assert "Traceback" not in done.out + done.err
    outcome = next(o for o in done.result["outcomes"] if o["detector"] == "pii.logs")
    found = [m for m in outcome["measurements"] if m["labels"]["source"] == "huge.log" and m["value"]]
    read_whole = [m for m in found if m["labels"]["entity"] == "EMAIL_ADDRESS"]
    said_cut = any("huge.log" in text for text in outcome["not_covered"]) or any(
        m["interval"]["high"] is None for m in outcome["measurements"]
    )
    assert read_whole or said_cut
    assert done.code in (1, 3)
    assert outcome["cost"]["peak_rss_mb"] < 600
    assert cpu < 180
