"""The version of this distribution, and of the formats it writes."""

__version__ = "0.1.0"
