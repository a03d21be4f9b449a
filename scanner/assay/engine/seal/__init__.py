"""The seal around a worker: no network, no exec, no fork, no write, no reading outside the listed files."""
