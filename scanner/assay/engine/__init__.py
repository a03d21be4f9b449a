"""The engine of a scan: plan (pure), run (effects), supervisor and worker."""
