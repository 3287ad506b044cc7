# make run: everything at the laptop scale. make run SCALE=smoke: every stage in minutes. make test: the tests.
# A fresh machine needs git, make and Python 3.11; each target makes .venv with the locked versions first.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
SCALE ?=
VENV := .venv
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Two workers, whole files each, in the order that tests/conftest.py gives; WORKERS= runs the tests one after another.
WORKERS ?= --numprocesses 2 --dist loadfile --no-loadscope-reorder
SNAKEMAKE := snakemake --cores all --resources gpu=1 --rerun-incomplete

.PHONY: run test test-slow lint measured pull record benchmark clean help

help:  ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/:/'

$(VENV)/installed: requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

run: $(VENV)/installed  ## run the whole DAG; SCALE=smoke or SCALE=paper for another scale, in runs/<scale>
ifeq ($(SCALE),)
	$(SNAKEMAKE)
	mpipipe record
else
	mkdir -p runs/$(SCALE)
	$(SNAKEMAKE) --directory runs/$(SCALE) --config scale=$(SCALE)
endif

# One thread a worker: two workers of two threads each take up to four times as long on two cores.
test test-slow: export OMP_NUM_THREADS ?= 1

test: $(VENV)/installed  ## run the tests, the DAG at smoke scale among them
	python -m pytest $(WORKERS) -m "not slow and not gpu"

test-slow: $(VENV)/installed  ## run the fault, fuzz and cluster tests
	python -m pytest $(WORKERS) -m "slow and not gpu"

lint: $(VENV)/installed  ## check format, types, workflow and generated files
	ruff format --check .
	ruff check .
	mypy
	snakefmt --check Snakefile workflow/rules
	snakemake --lint
	mpipipe generate --check

measured: $(VENV)/installed  ## reconstruct the measured phantoms; MEASURED=folder in place of measured_dir
	mpipipe measured $(if $(MEASURED),--folder $(MEASURED))

pull: $(VENV)/installed  ## fetch the recorded artifacts and take them over
	mpipipe pull

record: $(VENV)/installed  ## write a finished run into dvc.lock
	mpipipe record

benchmark: $(VENV)/installed  ## measure speed against the floor, into results/benchmarks; ARGS="--only physics --gpu"
	python -m benchmarks.run $(ARGS)

clean:  ## remove what a run leaves, artifacts included
	rm -rf data logs checkpoints runs .snakemake
