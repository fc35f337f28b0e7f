# make demo   make MiniVID, train D&T on it, evaluate, draw a video: about 20 minutes on two CPU cores
# make test   the tests
# make proofs the longer ones: every config at its published size, a thousand videos
# make soak   faults injected on purpose, about an hour on two CPU cores: benchmarks/faults.md
# make study the paper's claims, tested on MiniVID over three seeds, three to four hours: benchmarks/README.md
# make lint   ruff and mypy
PYTHON ?= python3
RUN := .venv/bin/python

.PHONY: demo test proofs soak study lint environment browser clean
.DEFAULT_GOAL := test

environment:
	@PYTHON=$(PYTHON) tools/setup_environment.sh

demo: environment
	$(RUN) tools/run_demo.py

# A browser for the tests of pages; where there is no way to get one, those are skipped and say why.
browser: environment
	@$(RUN) tools/fetch_browser.py .venv/browser >/dev/null || true

# Two at a time, each file in one process: what a file's tests share is made once. They start many programs, which would
# compile our modules every time where the environment forbids to keep that.
test: export PYTHONDONTWRITEBYTECODE =
test: environment browser
	$(RUN) -m pytest -rs -n 2 --dist loadfile --no-loadscope-reorder

proofs: environment
	$(RUN) -m pytest -m slow

# With a coverage-guided fuzzer, where there is one for this system; without it the rest is run, and says so.
soak: environment
	@$(RUN) -m pip install -q --disable-pip-version-check -e '.[fuzz]' || true
	$(RUN) tools/soak.py all

# Goes on where it was stopped; FRESH=1 starts from nothing, whatever results are in the repository.
study: environment
	$(RUN) tools/study_minivid.py run $(if $(FRESH),--fresh)

lint: environment
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

clean:
	rm -rf .venv output datasets/minivid datasets/pictures datasets/clips
