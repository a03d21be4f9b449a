"""The command line; loaded lazily, no logic."""
