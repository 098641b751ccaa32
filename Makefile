# tympan: what a person types. `make run` is the first command, `make test` the second.
#
#   make run     start the service with two simulated printers       PORT=8631  STATE_DIR=state  ARGS=…
#                for this machine alone                              LISTEN=127.0.0.1:8631
#   make test    the whole test suite                                ARGS=…  (for pytest)
#   make check   format, lint, types, import contracts, unit tests: before each commit
#   make install   into this system: /opt/tympan, started by systemd; as root      DESTDIR=…  SYSTEMD=no  PYTHON=/usr/bin/python3
#   make uninstall   and away again, but for configuration and state               PURGE=1 takes these too
#   make faults  the fault matrix: every fault on every printer      ARGS=…  (--points, --seed, --faults)
#   make test-install   install, run and uninstall it in a Debian of its own, in a container; as root      ARGS=…
#   make booted  the product on a real kernel, in virtual machines; as root         ARCH="amd64 arm64 raspi3b"  BOOTED_CACHE=~/.cache/tympan-booted
#   make bench   the benchmarks beside the peers' figures            ARGS=…  (requests, documents)
#
# PYTHON=… chooses the interpreter (3.11 or newer), VENV=… where the virtual environment is.

PYTHON ?= python3
VENV ?= .venv
PORT ?= 8631
LISTEN ?=
STATE_DIR ?= $(CURDIR)/state
ARGS ?=

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
SOURCES := firmware drivers hw-sim tests

# What the tests compare with, or print through.
TEST_PACKAGES := avahi-daemon avahi-utils chromium cups cups-client cups-ipp-utils curl dbus fonts-dejavu-core ghostscript iproute2 libnss-mdns linux-libc-dev poppler-utils systemd udev zbar-tools

# What the virtual machines of `make booted` are made with.
BOOTED_PACKAGES := cpio e2fsprogs gcc gcc-aarch64-linux-gnu kmod libelf1 make qemu-system-arm qemu-system-x86 qemu-user-static systemd tar xz-utils
ARCH ?= amd64 arm64 raspi3b

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test test-install check faults booted bench format install install-units uninstall test-packages booted-packages constraints clean

help:
	@sed -n 's/^#   \(make .*\|  *for .*\)/\1/p' Makefile

run: $(VENV)/installed-run
	@exec $(BIN)/tympan serve --simulate --welcome $(if $(LISTEN),--listen "$(LISTEN)",--port "$(PORT)") --state-dir "$(STATE_DIR)" $(ARGS)

test: $(VENV)/installed-dev test-packages
	$(BIN)/python -m pytest $(ARGS)

check: $(VENV)/installed-dev test-packages
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m pytest --quiet --numprocesses auto tests/unit

faults: $(VENV)/installed-dev
	$(BIN)/python tests/faults/run.py $(ARGS)

test-install: $(VENV)/installed-dev
	@.ci/apt-install mmdebstrap systemd-container util-linux
	$(BIN)/python -m pytest tests/installed $(ARGS)

booted: $(VENV)/installed-dev booted-packages
	$(BIN)/python tests/booted/run.py $(ARCH) $(ARGS)

bench: $(VENV)/installed-dev test-packages
	$(BIN)/python tests/bench/run.py $(ARGS)

format: $(VENV)/installed-dev
	$(BIN)/ruff format $(SOURCES)
	$(BIN)/ruff check --fix $(SOURCES)

# The installed program is the system's Python's, not one that happens to be in the path. Units, user and configuration alone: install-units.
install install-units uninstall: export DESTDIR := $(DESTDIR)
install install-units uninstall: export SYSTEMD := $(SYSTEMD)
install install-units uninstall: export PURGE := $(PURGE)
install:
	@PYTHON="$(if $(filter command line environment,$(origin PYTHON)),$(PYTHON),/usr/bin/python3)" systemd/install.sh install

install-units:
	@systemd/install.sh units

uninstall:
	@systemd/install.sh uninstall

# --- what the above need ----------------------------------------------------------------------------------------------

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	    || { command -v $(PYTHON) >/dev/null \
	         && { echo "tympan needs Python 3.11 or newer; this is $$($(PYTHON) --version). Type: make PYTHON=/path/to/python3.11"; exit 1; } \
	         || .ci/apt-install python3; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || .ci/apt-install python3-venv
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed-run: constraints.txt pyproject.toml | $(BIN)/python
	@echo "Installing into $(VENV) …"
	@$(PIP) install --require-hashes -r constraints.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/installed-dev: constraints-dev.txt pyproject.toml | $(BIN)/python
	@echo "Installing into $(VENV), with what the tests and checks need …"
	@$(PIP) install --require-hashes -r constraints-dev.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $(VENV)/installed-run $@

test-packages:
	@.ci/apt-install $(TEST_PACKAGES)

booted-packages:
	@.ci/apt-install $(BOOTED_PACKAGES)

# --- for maintainers --------------------------------------------------------------------------------------------------

# Pins everything anew, with hashes for every platform and no addresses. Needs uv (https://docs.astral.sh/uv/).
UV ?= uv
PIN := $(UV) pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate --no-header
constraints:
	printf '%s\n' 'hatchling>=1.25' 'editables>=0.5' > $(VENV)/build-requirements.txt
	$(PIN) --extra fast --extra gpio --output-file constraints.txt pyproject.toml $(VENV)/build-requirements.txt
	$(PIN) --all-extras --constraints constraints.txt --output-file constraints-dev.txt pyproject.toml $(VENV)/build-requirements.txt

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
