"""ScanResult to text; one format a file."""
