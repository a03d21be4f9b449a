"""Intervals, tests and their power, each with its source. Import from the defining module: nothing is loaded here."""
