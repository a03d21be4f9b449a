# Every target works from a fresh clone: it makes .venv and installs what it needs, pinned by constraints.txt.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
OUT    ?= out
export OMP_NUM_THREADS = 1
export OPENBLAS_NUM_THREADS = 1
export MKL_NUM_THREADS = 1

.PHONY: install scan test lint type check-generated generate fixtures check-fixtures soak bench clean

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("Assay needs Python 3.11 or newer, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt torch==2.13.0
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[all,dev]'
	$(BIN)/python -m compileall -q scanner detectors policies
	touch $@

scan: $(STAMP)
	@$(BIN)/python scripts/scan_fixtures.py $(OUT)

test: $(STAMP) lint type check-generated
	$(BIN)/python -m pytest -n 2 --dist worksteal -m 'not soak'

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

type: $(STAMP)
	$(BIN)/mypy

check-generated: $(STAMP)
	$(BIN)/python scripts/generate.py --check

generate: $(STAMP)
	$(BIN)/python scripts/generate.py

fixtures: $(STAMP)
	$(BIN)/python fixtures/build.py

check-fixtures: $(STAMP)
	$(BIN)/python fixtures/build.py --check

# The statistics' claims and the detectors' false alarms, measured anew: each table fails where a claim breaks.
soak: $(STAMP)
	$(BIN)/python -W ignore benchmarks/coverage.py --jobs 2 --check
	$(BIN)/python -W ignore benchmarks/privacy.py --only null --runs 20 --check
	$(BIN)/python -W ignore benchmarks/adversarial.py --no-art --check
	$(BIN)/python benchmarks/pickle_parity.py --count 50000 --check
	$(BIN)/python benchmarks/artifact_fuzz.py --count 5000 --check
	$(BIN)/python benchmarks/verdicts.py --check
	$(BIN)/python benchmarks/pii.py --corpus-seed 101 --systems dev heldout --lines 10000 --peer-lines 0 --check
	$(BIN)/python benchmarks/pii_second.py --seed 9003 --lines 12000 --check
	$(BIN)/python benchmarks/pii_presidio.py --lines 20000 --check
	$(BIN)/python -m pytest -n 2 -m soak
	$(BIN)/python -W ignore benchmarks/poisoning.py --only null --runs 20 --check

clean:
	rm -rf $(VENV) $(OUT) .pytest_cache .mypy_cache .ruff_cache
