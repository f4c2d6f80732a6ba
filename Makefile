# Two commands: `make demo` and `make test`. Each makes .venv, installs what is locked, and does not do again what is done.

LOCKS := requirements
BIN := .venv/bin
WORK := work
PEOPLE := 20000
JOBS ?= auto
# a Python that this project runs on, with venv and pip
PYTHON := $(shell for p in python3.12 python3.11 python3.13 python3 python; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null \
	&& command -v $$p && break; done)
INSTALL := $(BIN)/python -m pip --disable-pip-version-check install --quiet --require-hashes --requirement
OURS := $(BIN)/python -m pip --disable-pip-version-check install --quiet --no-deps --no-build-isolation --editable .

PEERS := .venv-peers

.PHONY: help demo demo-offers test test-slow test-spark test-all lint format bench-models bench-peers bench-service peer-figures peer-hooks locks clean

help:  ## what there is
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 14

demo: .venv/run.done  ## a simulated region, end to end, with a summary; what has not changed is not run again
	$(BIN)/stratify run --people $(PEOPLE) --work $(WORK)

demo-offers: demo  ## after it, for the pages: the models followed, and made-up places planned, covered and tried out
	$(BIN)/stratify watch --work $(WORK)
	$(BIN)/stratify plan --work $(WORK) --capacity docs/places.toml
	$(BIN)/stratify whatif --work $(WORK) --capacity docs/places.toml
	-$(BIN)/stratify coverage --work $(WORK)

test: .venv/test.done  ## the fast tests
	$(BIN)/python -m pytest -q -n $(JOBS) -m "not slow" tests

test-slow: .venv/test.done .venv/postgres.done .venv/browser.done  ## the slow tests alone; pictures of every page stay in build/pages
	STRATIFY_SHOTS=build/pages $(BIN)/python -m pytest -q -n $(JOBS) -m slow tests

test-spark: .venv/spark.done  ## Spark beside DuckDB, with pyspark and Java: the same store and matrix to the byte
	$(BIN)/python -m pytest -q -n 0 -m slow tests/functional/test_spark.py

test-all: .venv/spark.done .venv/postgres.done .venv/browser.done  ## every test
	$(BIN)/python -m pytest -q -n $(JOBS) tests

lint: .venv/test.done  ## style, types, who imports whom, the catalogue
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/stratify check

format: .venv/test.done  ## put the code in the one layout
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench-models: .venv/run.done  ## the risk models beside the simulated truth, other makers of trees, and the clock (an hour)
	$(BIN)/python benchmarks/models.py --people 200000 --work $(WORK)-models

bench-peers: .venv/run.done $(PEERS)/peers.done  ## the window kernel beside timeseriesflattener, which has its own environment
	$(BIN)/python benchmarks/peers/compare.py --peer $(PEERS)/bin/python

bench-service: .venv/run.done  ## the service beside mlflow models serve, with wrk (after make demo; ten minutes)
	$(BIN)/python benchmarks/service.py --work $(WORK)

peer-figures: $(PEERS)-evaluation/peers.done  ## what dcurves and lifelines say, which the tests hold our evaluation against
	$(PEERS)-evaluation/bin/python benchmarks/peers/evaluation/figures.py tests/oracle/evaluation_peers.json

peer-hooks: .venv/run.done $(PEERS)-healthchain/peers.done  ## HealthChain's client calls our hooks and gets cards (after make demo)
	$(PEERS)-healthchain/bin/python benchmarks/peers/healthchain/call.py --stratify $(BIN)/stratify --work $(WORK)

locks:  ## make the locks anew (needs uv)
	cd benchmarks/peers && uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --python-version 3.11 \
		--custom-compile-command "make locks" requirements.in --output-file requirements.lock
	cd benchmarks/peers/models && uv pip compile --quiet --universal --generate-hashes --no-emit-index-url \
		--python-version 3.11 --custom-compile-command "make locks" requirements.in --output-file requirements.lock
	cd benchmarks/peers/evaluation && uv pip compile --quiet --universal --generate-hashes --no-emit-index-url \
		--python-version 3.11 --custom-compile-command "make locks" requirements.in --output-file requirements.lock
	cd benchmarks/peers/healthchain && uv pip compile --quiet --universal --generate-hashes --no-emit-index-url \
		--python-version 3.11 --custom-compile-command "make locks" requirements.in --output-file requirements.lock
	cd $(LOCKS) && uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --python-version 3.11 \
		--custom-compile-command "make locks" build.in --output-file build.lock
	cd $(LOCKS) && for lock in service: run:"--extra pipelines --extra build" \
		spark:"--extra pipelines --extra spark --extra build" \
		test:"--extra pipelines --extra test --extra build"; do \
		uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --python-version 3.11 \
		--custom-compile-command "make locks" $${lock#*:} ../pyproject.toml --output-file $${lock%%:*}.lock; done

clean:  ## remove what was made here, the work folder too
	rm -rf .venv $(PEERS) $(PEERS)-evaluation $(PEERS)-healthchain $(WORK) .mypy_cache .ruff_cache .hypothesis .import_linter_cache dist build

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "needs Python 3.11, 3.12 or 3.13 with venv: apt-get install python3 python3-venv"; exit 1; }
	$(PYTHON) -m venv .venv

# LightGBM needs libgomp1; as root on a Debian it is installed, else asked for
.venv/system.done: .venv/bin/python
	@$(BIN)/python -c 'import ctypes.util, sys; sys.exit(not ctypes.util.find_library("gomp"))' \
	|| { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && apt-get update -qq \
	&& apt-get install -qq --yes libgomp1 >/dev/null; } \
	|| { echo "needs libgomp1: apt-get install libgomp1"; exit 1; }
	@touch $@

.venv/run.done: $(LOCKS)/run.lock pyproject.toml .venv/system.done
	$(INSTALL) $(LOCKS)/run.lock
	$(OURS)
	@touch $@

.venv/test.done: $(LOCKS)/test.lock .venv/run.done
	$(INSTALL) $(LOCKS)/test.lock
	@touch $@

# the judge of FHIR that runs on Node; the tests of it make this themselves, and are skipped where there is no Node
.venv/node.done: tests/judges/package.json tests/judges/package-lock.json
	@mkdir -p .venv/judges
	@cp $^ .venv/judges/
	@cd .venv/judges && npm ci --ignore-scripts --no-audit --no-fund --silent
	@touch $@

# the tests start a PostgreSQL of their own: as root on a Debian it is installed, else those tests are skipped
.venv/postgres.done: .venv/test.done
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 \
	|| { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && apt-get update -qq \
	&& apt-get install -qq --yes postgresql >/dev/null; } \
	|| echo "no PostgreSQL: its tests are skipped (apt-get install postgresql)"
	@touch $@

# the pages are tried in a real browser, and their HTML by a judge that runs on Java
.venv/browser.done: .venv/test.done
	@{ command -v chromium >/dev/null && command -v java >/dev/null; } \
	|| { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && apt-get update -qq \
	&& apt-get install -qq --yes chromium openjdk-17-jre-headless fonts-liberation >/dev/null; } \
	|| echo "no Chromium or no Java: the tests of the pages are skipped (apt-get install chromium openjdk-17-jre-headless)"
	@touch $@

# the peer runs on Python 3.11 and 3.12
$(PEERS)/peers.done: benchmarks/peers/requirements.lock
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes --requirement $<
	@touch $@

$(PEERS)-evaluation/peers.done: benchmarks/peers/evaluation/requirements.lock
	$(PYTHON) -m venv $(PEERS)-evaluation
	$(PEERS)-evaluation/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes --requirement $<
	@touch $@

$(PEERS)-healthchain/peers.done: benchmarks/peers/healthchain/requirements.lock
	$(PYTHON) -m venv $(PEERS)-healthchain
	$(PEERS)-healthchain/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes --requirement $<
	@touch $@

# Spark needs Java: as root on a Debian it is installed, else asked for
.venv/spark.done: $(LOCKS)/spark.lock .venv/test.done
	@command -v java >/dev/null \
	|| { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && apt-get update -qq \
	&& apt-get install -qq --yes openjdk-17-jre-headless >/dev/null; } \
	|| { echo "needs Java 17 or newer: apt-get install openjdk-17-jre-headless"; exit 1; }
	$(INSTALL) $(LOCKS)/spark.lock
	@touch $@
