# Two commands do everything: `make run` and `make test`. Both set themselves up.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
READY_SPARK := $(VENV)/.ready-spark
VENV_DAGSTER := .venv-dagster
READY_DAGSTER := $(VENV_DAGSTER)/.ready

READY_BI := $(VENV)/.ready-bi
VENV_SUPERSET := .venv-superset
READY_SUPERSET := $(VENV_SUPERSET)/.ready

.PHONY: run test test-long test-bi run-spark test-spark test-parity test-dagster lint bench load clean

# The shell takes the folders from the environment, where their quotes and blanks mean nothing to it.
export RAW WAREHOUSE

# make run [RAW=<folder of raw tables>] [WAREHOUSE=<folder of the result>]
run: $(READY)
	$(BIN)/dabing run $(if $(RAW),--raw "$$RAW") $(if $(WAREHOUSE),--warehouse "$$WAREHOUSE")

test: lint
	$(BIN)/pytest

# What takes minutes: kills at times drawn over whole runs, every line of the later part of a run.
test-long: $(READY)
	$(BIN)/pytest -m long $(TESTS)

# The published file under the eyes of the oldest DuckDB that reads it and of Apache Superset (docs/bi.md).
test-bi: $(READY) $(READY_BI) $(READY_SUPERSET)
	$(BIN)/pytest -n 0 -m "" tests/bi $(TESTS)

# The same on a Spark cluster of this machine, started and stopped by the command (docs/spark.md). Needs Java 17.
run-spark: $(READY_SPARK)
	$(BIN)/dabing run --engine spark $(if $(RAW),--raw "$$RAW") $(if $(WAREHOUSE),--warehouse "$$WAREHOUSE")

# make test-spark [TESTS="-k parity"]
test-spark: $(READY_SPARK)
	$(BIN)/pytest -n 0 tests/spark $(TESTS)

# Of it the comparison of every public mart alone, from a small sample. A few minutes.
test-parity: $(READY_SPARK)
	DABING_TEST_SPARK_TABLES_ONLY=1 DABING_TEST_SPARK_PERSONS=300 $(BIN)/pytest -n 0 tests/spark/test_parity.py

# Loads the schedule for Dagster and runs a few nights with it (deploy/dagster).
test-dagster: $(READY) $(READY_DAGSTER)
	$(BIN)/dbt parse --quiet
	$(VENV_DAGSTER)/bin/pytest -o addopts=-q tests/dagster

lint: $(READY)
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/dbt parse --quiet --no-partial-parse
	$(BIN)/dbt-bouncer run --config-file dbt-bouncer.yml
	PYTHONWARNINGS=ignore:resource_tracker $(BIN)/python tests/python/lint_sql.py lint --nocolor --processes 2 models tests analyses
	$(BIN)/python tests/python/both_engines.py

# make bench [PERSONS=2500000]
bench: $(READY)
	$(BIN)/python benchmarks/bench.py $(if $(PERSONS),--persons $(PERSONS))

# make load [MINUTES=3] [READERS=20]: readers at work while releases are published, prepared ones and those of dabing run
load: $(READY)
	$(BIN)/python benchmarks/load.py --minutes $(or $(MINUTES),3) --readers $(or $(READERS),20)
	$(BIN)/python benchmarks/load.py --minutes $(or $(MINUTES),3) --readers $(or $(READERS),20) --runs

clean:
	rm -rf $(VENV) $(VENV_DAGSTER) $(VENV_SUPERSET) target logs warehouse

$(READY): requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --no-deps --require-hashes --log $(VENV)/install.log -r requirements.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation -e .
	touch $@

# The extra of its own: who does not want Spark does not install it. The engine is unpacked where no import finds it.
$(READY_SPARK): $(READY) requirements-spark.txt requirements-spark-engine.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --require-hashes -r requirements-spark.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --require-hashes --upgrade --target $(VENV)/spark \
		-r requirements-spark-engine.txt
	touch $@

# An environment of its own: Dagster calls the command, and needs nothing of dbt.
$(READY_DAGSTER): requirements-dagster.txt
	$(PYTHON) -m venv $(VENV_DAGSTER)
	$(VENV_DAGSTER)/bin/pip install --quiet --no-deps --require-hashes -r requirements-dagster.txt
	touch $@

# The oldest DuckDB that reads the published file, where no import finds it.
$(READY_BI): $(READY) requirements-bi-oldest.txt
	$(BIN)/pip install --quiet --no-deps --require-hashes --upgrade --target $(VENV)/duckdb-oldest \
		-r requirements-bi-oldest.txt
	touch $@

# An environment of its own: Superset holds SQLAlchemy and more at older versions.
$(READY_SUPERSET): requirements-superset.txt
	$(PYTHON) -m venv $(VENV_SUPERSET)
	$(VENV_SUPERSET)/bin/pip install --quiet --no-deps --require-hashes -r requirements-superset.txt
	touch $@
