"""What is scanned: files, models, datasets, logs; one adapter a file; the safe-load gate."""
