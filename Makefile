# Alur. Two commands do all the set-up on a fresh machine: `make run` and `make test`.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
STAMPS := .venv/stamps
unexport PYTHONDONTWRITEBYTECODE # every command and server that is started would compile all of Alur anew

.PHONY: help run test quick coverage mutants check build lock endurance bench load clean browser translations

help: ## list what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

run: $(STAMPS)/run build ## install, build and serve a sample office on http://127.0.0.1:8000 (EMPTY=1: without its past)
	@$(BIN)/python -m engine run $(if $(EMPTY),--empty)

test: $(STAMPS)/test build browser check ## install what the tests need and run everything
	TMPDIR=$(SCRATCH) $(BIN)/python -m pytest -n 3 --dist loadgroup

quick: $(STAMPS)/test build ## what most changes need first, in a minute: no browser, no kills, no PostgreSQL, no long story
	TMPDIR=$(SCRATCH) ALUR_TEST_DATABASES=sqlite $(BIN)/python -m pytest -q -n 2 --dist loadgroup -m "not browser and not crash" $(QUICK)

coverage: $(STAMPS)/measure build ## which branches of engine/ the tests pass (no browser, no kills); a page in build/coverage
	TMPDIR=$(SCRATCH) $(BIN)/python -m pytest -q -n 2 --dist loadgroup -m "not browser and not crash" \
	  --cov=engine --cov-branch --cov-report=html:build/coverage --cov-report=term:skip-covered

mutants: $(STAMPS)/measure build ## put 200 small faults into the code, one at a time, and tell which no test notices (an hour)
	TMPDIR=$(SCRATCH) $(BIN)/python -m tests.mutants

check: $(STAMPS)/test build ## style, types, import contracts, translations
	$(BIN)/python frontend/lint.py
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry . 2>&1
	$(BIN)/python -m frontend.translations --check

build: $(STAMPS)/run ## build the front end and the translations
	@$(BIN)/python frontend/build.py

translations: $(STAMPS)/run ## collect new interface texts into the catalogue of the English translation
	$(BIN)/python -m frontend.translations

endurance: $(STAMPS)/test build ## 50 seeded kills per database and long properties (an hour)
	ALUR_KILLS=50 $(BIN)/python -m pytest -m crash -p no:xdist
	HYPOTHESIS_PROFILE=endurance $(BIN)/python -m pytest tests/bpmn tests/forms tests/model tests/api -n 2

bench: $(STAMPS)/test build ## measure how fast it is, against baselines of the same run (quarter of an hour)
	$(BIN)/python -m benchmarks

load: $(STAMPS)/measure build ## put a hundred people to work for ten minutes on each database (half an hour)
	$(BIN)/python -m benchmarks.load

lock: $(STAMPS)/test ## lock the dependencies with hashes (minutes)
	$(BIN)/pip install --quiet pip-tools
	for f in run test measure; do $(BIN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --no-header \
	  --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --upgrade -o requirements/$$f.txt requirements/$$f.in; done

clean: ## remove what was installed and built; the office's data stays
	rm -rf .venv node_modules engine/web/static/dist engine/documents/fonts .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .lint_cache

QUICK = tests/test_architecture.py tests/bpmn tests/forms tests/model tests/store tests/documents/test_sheets.py \
  tests/service/test_the_sop.py tests/service/test_who_is_let_in.py tests/service/test_one_opinion.py

# Where tests keep their files (300 MB): in memory if there is a gigabyte for it, since a commit there waits for no disk.
SCRATCH = $(shell [ -w /dev/shm ] && [ $$(df -k --output=avail /dev/shm | tail -1) -gt 1000000 ] && echo /dev/shm \
  || echo $${TMPDIR:-/tmp})

# ── parts ────────────────────────────────────────────────────────────────────────────────────────────────────────────

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Alur memerlukan Python 3.11 atau lebih baru."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Modul venv tidak ada. Pasang dahulu: apt install python3-venv"; exit 1; }
	$(PYTHON) -m venv .venv

$(STAMPS)/run: requirements/run.txt | .venv/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.txt
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/test: requirements/test.txt $(STAMPS)/run
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/test.txt
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/measure: requirements/measure.txt $(STAMPS)/test
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/measure.txt
	@mkdir -p $(STAMPS) && touch $@

browser:
	@for name in chromium-headless-shell chromium chromium-browser google-chrome; do command -v $$name >/dev/null && exit 0; done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "Memasang Chromium untuk uji peramban ..."; apt-get update -qq && \
	  { apt-get install -y -qq chromium-headless-shell || apt-get install -y -qq chromium; } >/dev/null; \
	else echo "Chromium tidak ada dan tidak dapat dipasang tanpa hak root: uji peramban (-m browser) dilewati."; fi
