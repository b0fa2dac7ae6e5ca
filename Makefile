# Each of these installs what it needs into .venv first; Python 3.11 or 3.12 and make are enough.
PYTHON ?= python3
BIN = .venv/bin

.PHONY: course test lab docs bench export clean

course: .venv/installed    ## run every chapter, top to bottom; executed copies and a table go into _run/
	$(BIN)/pixelladder course

test: .venv/installed      ## run every test, a process a core
	$(BIN)/python -m pytest -q -n auto --dist loadfile --no-loadscope-reorder

lab: .venv/installed       ## copy the exercises into mine/, where nothing overwrites them, and open them in JupyterLab
	$(BIN)/pixelladder start
	$(BIN)/jupyter lab mine

docs: .venv/installed      ## render the site into _docs/ (needs Quarto: quarto.org; and npm, for the page to try)
	$(BIN)/python -c "from pixelladder.page import make_page; make_page('nbs/try')"
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/nbdev-docs

bench: .venv/installed     ## measure speed on this machine, some 20 minutes, into results/; the trainings there have scripts of their own in benchmarks/
	$(BIN)/python -m pip install -q --no-deps --target _run/smp segmentation-models-pytorch==0.6.0
	for b in startup data_path precision speed; do PYTHONPATH=_run/smp $(BIN)/python benchmarks/$$b.py || exit 1; done

export: .venv/installed    ## after each change of a notebook: tidy it, make the modules and the learner's copies from it
	$(BIN)/nbdev-clean
	$(BIN)/nbdev-export
	$(BIN)/python -c "from pixelladder.copies import make_exercises; make_exercises()"

clean:                     ## remove what was made here, .venv too
	rm -rf .venv _run _proc _docs nbs/try build *.egg-info

.venv/installed: settings.ini setup.py pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if (3,11) <= v[:2] <= (3,12) else f"pixelladder needs Python 3.11 or 3.12, and this is {v.major}.{v.minor}: call make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q -c constraints.txt -e '.[dev]'
	@touch $@
