# Two commands do all the set-up: `make run` and `make test`.
VENV ?= .venv
PYTHON ?= python3
PORT ?= 8000
HOST ?= 127.0.0.1
# Where torch comes from; e.g. https://download.pytorch.org/whl/cpu for a small CPU build.
TORCH_INDEX ?=
TORCH := torch==2.13.0
BIN := $(VENV)/bin

# For `make services`: a PostgreSQL database of your own and a Redis on this machine.
SERVICES_DATABASE_URL ?= postgres://postgres@127.0.0.1:5432/postgres
SERVICES_BROKER_URL ?= redis://127.0.0.1:6379/0

.PHONY: coach-speed merging-speed steering-speed run services test install lint bench tagger-speed load promises backup restore clean query-counts

run: $(VENV)/.installed
	@exec $(BIN)/python manage.py up --host $(HOST) --port $(PORT)

# The same with PostgreSQL, Redis, one Celery worker per lane and the sweeper as plain processes.
services: $(VENV)/.installed
	@DATABASE_URL=$(SERVICES_DATABASE_URL) CELERY_BROKER_URL=$(SERVICES_BROKER_URL) \
		$(BIN)/python manage.py up --host $(HOST) --port $(PORT)

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest $(ARGS)

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

bench: $(VENV)/.installed-dev
	$(BIN)/python -m bench

# The tagger against a transformers pipeline and sentence-transformers; ARGS="--write" for docs/tagger_speed.md.
tagger-speed: $(VENV)/.installed-dev
	$(BIN)/python -m bench.tagger $(ARGS)

# The coach's engine against one-by-one generate; ARGS="--write" for docs/coach_speed.md.
coach-speed: $(VENV)/.installed-dev
	$(BIN)/python -m bench.coach $(ARGS)

# A steered model against the same one unsteered, and repeng beside it where REPENG_PATH names it.
steering-speed: $(VENV)/.installed-dev
	$(BIN)/python -m bench.steering $(ARGS)

# Merging against mergekit where MERGEKIT_PYTHON names a Python that has it; ARGS="--size 0.5b --rounds 3 --write".
merging-speed: $(VENV)/.installed-dev
	$(BIN)/python -m bench.merging $(ARGS)

# Every promise that bench/promises has a module for, at its full count, with real servers stopped, killed and
# wiped; writes docs/promises.md, which says where the others are held. ARGS="16 --on embedded" for one of them.
promises: $(VENV)/.installed-dev
	$(BIN)/python -m bench.promises $(ARGS)

# Many volunteers at once, several minutes; ARGS="--volunteers 500 --on services" for one of them.
load: $(VENV)/.installed-dev
	$(BIN)/python -m bench.load --write $(ARGS)

# The baseline of tests/test_query_counts.py, after a page came or its queries changed for a reason.
query-counts: $(VENV)/.installed-dev
	RENEW_QUERY_COUNTS=1 $(BIN)/python -m pytest -q tests/test_query_counts.py

install: $(VENV)/.installed

# make backup FILE=somewhere.tar.gz; make restore FILE=somewhere.tar.gz (stop the application first)
FILE ?= peersupport-backup.tar.gz
backup: $(VENV)/.installed
	$(BIN)/python manage.py backup --output $(FILE)

restore: $(VENV)/.installed
	$(BIN)/python manage.py restore --input $(FILE) $(ARGS)
	$(BIN)/python manage.py migrate
	$(BIN)/python manage.py erase_person --again

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(TORCH) $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX))
	$(BIN)/python -m pip install --quiet --disable-pip-version-check .
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check ".[dev,train,pdf,parquet,steering]"
	touch $@

clean:
	rm -rf $(VENV) build *.egg-info
