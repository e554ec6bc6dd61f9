# Every target sets up what it needs: a virtual environment in .venv with the project and its tools.

PYTHON ?= python3
VENV ?= .venv
RUN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test check format stubs notebooks wheel clean laws

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(RUN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $(STAMP)

demo: $(STAMP)            ## fit the shipped fleet of hard drives; pictures go to survjax-demo/
	$(RUN)/survjax demo --out survjax-demo

test: $(STAMP)            ## all tests; neighbours stay in one process, which has their programs compiled
	$(RUN)/python -m pytest -n 2 --dist worksteal

laws: $(STAMP)            ## the laws at the further points that every change does not need
	$(RUN)/python -m pytest -n 2 tests/laws -m extreme

check: $(STAMP)           ## format, lint, types
	$(RUN)/ruff format --check .
	$(RUN)/ruff check .
	$(RUN)/mypy

format: $(STAMP)
	$(RUN)/ruff format .
	$(RUN)/ruff check --fix .

stubs: $(STAMP)           ## write survjax/__init__.pyi anew from the registry
	$(RUN)/python -m tests.write_stub

notebooks: $(STAMP)       ## run every notebook, outputs thrown away
	$(RUN)/python -m tests.run_notebooks

wheel: $(STAMP)           ## build the wheel and try it in an empty folder and a new environment
	PYTHON=$(PYTHON) bash tests/try_wheel.sh $(RUN)/python

clean:
	rm -rf $(VENV) build dist survjax-demo
