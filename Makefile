# Everything a newcomer needs: `make run` serves, `make test` tests. Both set up .venv from the lock first.
PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready

.PHONY: run test check lock clean

run: $(READY)
	$(VENV)/bin/mentoring run

test: $(READY)
	$(VENV)/bin/python -m pytest -n auto --dist loadfile --cov --cov-report=term-missing:skip-covered

check: $(READY)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy --strict .

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	touch $(READY)

# For whoever changes a dependency: needs uv.
lock:
	uv pip compile --quiet --universal --generate-hashes --all-extras --no-emit-index-url --python-version 3.11 \
	  --custom-compile-command "make lock" pyproject.toml -o requirements.lock

clean:
	rm -rf $(VENV) build *.egg-info
