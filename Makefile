# Needs python3 (3.11 or later), python3-venv, make and git; everything else goes into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

# English is spelled in these; recordings, catalogues and other people's files are not.
SPELLED := README.md CHANGELOG.md Makefile compose.yaml docs config ctiserver pbx screenpop crm_store web tests
UNSPELLED := */capture_words_*.py,*/capture_phrases/*,*.po,*.mo,*.pot,*.ami,*.truth.json,*.csv,*.svg,*.png,*.woff2,*/vendor/*,*.min.js,__pycache__

.DEFAULT_GOAL := help
.PHONY: help demo test check coverage bench storm faults soak long clean

help:
	@echo "make demo    the whole product with a simulated telephone system and sample customers"
	@echo "make test    check, then every test (as root also installs what the real parts need)"
	@echo "make check   format, lint, types, import contracts, dependencies, spelling"
	@echo "make coverage  branch coverage of the pure telephony core (100 % or it fails)"
	@echo "make bench   the benchmarks"
	@echo "make storm   ten minutes of 5,000 events a second, then ten seconds of 20,000"
	@echo "make faults  every fault in its long form, and a table of what was found (half an hour)"
	@echo "make soak    an hour beside a call centre in which things go wrong, and a table of what was found"
	@echo "make long    what takes longer than make test should"

# Re-installed only when pyproject.toml changed.
$(VENV)/.demo-installed: pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) (once, about a minute) ..."
	@$(PIP) install --no-compile --editable .
	@touch $@

$(VENV)/.test-installed: pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) (once, a minute or two) ..."
	@$(PIP) install --editable '.[test,check]'
	@touch $@ $(VENV)/.demo-installed

# DEMO is for more options: make demo DEMO="--listen 127.0.0.1:9000 --calls-per-minute 30"
demo: $(VENV)/.demo-installed
	@$(BIN)/ctiserver demo $(DEMO)

check: $(VENV)/.test-installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(BIN)/codespell --ignore-words-list exten,nd,regon,requestor,caf --skip '$(UNSPELLED)' $(SPELLED)

test: check
	@$(BIN)/python -m tests.run

# The pure telephony core: every branch, by its own tests.
coverage: $(VENV)/.test-installed
	$(BIN)/python -m pytest -n 2 -m "not long" tests/pbx tests/web/test_click_to_dial.py --ignore tests/pbx/simulator \
	    --cov=pbx --cov-branch --cov-config=tests/pbx/coverage.ini --cov-report=term-missing --cov-fail-under=100

# BENCH names some, with options: make bench BENCH="lookup load --rounds 1"
bench: $(VENV)/.test-installed
	@$(BIN)/python -m tests.bench $(BENCH)

# STORM_S is how long: make storm STORM_S=60
STORM_S ?= 600
storm: $(VENV)/.test-installed
	@$(BIN)/python -m tests.bench storm --seconds $(STORM_S)

faults: $(VENV)/.test-installed
	@$(BIN)/python -m tests.faults

# SOAK is for more options: make soak SOAK="--minutes 600 --rate 2 --seed 5"
soak: $(VENV)/.test-installed
	@$(BIN)/python -m tests.soak $(SOAK)

long: check
	@$(BIN)/python -m tests.run --long
	@[ "$$(id -u)" -ne 0 ] || tests/fresh_machine.sh
	@[ "$$(id -u)" -ne 0 ] || $(BIN)/python -m tests.container_steps

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
