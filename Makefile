# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The front door; the build itself is Meson's. `make help` tells the rest.

K ?= 6.1
S ?=
ABLATE ?=
N ?= 2
BUILD ?= build
MESONFLAGS ?=

.NOTPARALLEL:
.PHONY: build static all deps demo check guest zoo system remedies lint format bench install clean help

build: $(BUILD)/build.ninja
	@ninja -C $(BUILD) inquest

static: $(BUILD)/build.ninja
	@ninja -C $(BUILD) inquest.static

all: $(BUILD)/build.ninja
	@ninja -C $(BUILD)

$(BUILD)/build.ninja:
	@tools/deps check build
	@meson setup $(MESONFLAGS) $(BUILD)

deps:
	@tools/deps install build guest

demo:
	@tools/deps install build guest
	@$(MAKE) --no-print-directory static
	@tests/guest/demo -K "$(K)" --inquest $(BUILD)/inquest.static

check:
	@tools/deps install build guest
	@$(MAKE) --no-print-directory all
	@tests/run --build $(BUILD) --jobs $(N)

guest:
	@tools/deps check build guest
	@$(MAKE) --no-print-directory static
	@$(if $(S),$(MAKE) --no-print-directory build)
	@tests/guest/run -K "$(K)" --inquest $(BUILD)/inquest.static \
		$(if $(S),-S "$(S)" --host-inquest $(BUILD)/inquest,--interactive -S incident)

zoo:
	@tools/deps install build guest
	@$(MAKE) --no-print-directory all
	@tests/zoo --build $(BUILD) --jobs $(N) --write docs/zoo.md $(if $(ABLATE),--ablate)

# Long, and resumable: what is in build/system is not asked again.
system:
	@tools/deps install build guest system
	@$(MAKE) --no-print-directory static
	@tests/system/run --inquest $(BUILD)/inquest.static --log $(BUILD)/system --write docs/system.md \
		$(if $(S),-S "$(S)")

remedies:
	@tools/deps install build guest
	@$(MAKE) --no-print-directory static
	@tests/guest/run -K "$(K)" -S "$(or $(S),all)" --inquest $(BUILD)/inquest.static \
		--try-remedies $(BUILD)/remedies.json

lint:
	@tools/deps install lint
	@tools/lint

format:
	@tools/deps install lint
	@tools/lint-files.py --format=fix

bench: build static
	@test -x bench/run || { echo "there is no bench/run"; exit 1; }
	@bench/run

install: build
	@meson install -C $(BUILD)

clean:
	@test ! -e $(BUILD)/build.ninja || ninja -C $(BUILD) clean

help:
	@echo "make            build $(BUILD)/inquest"
	@echo "make deps       install what the other targets need (Debian: apt, sudo unless root)"
	@echo "make static     build $(BUILD)/inquest.static: one file, runs anywhere"
	@echo "make demo       see a machine hang, and inquest say why (in a QEMU guest)"
	@echo "make check      install, build, run all tests; last line: N passed, N failed"
	@echo "make guest      a shell in a guest in which ps hangs"
	@echo "make guest S=incident        run that scenario instead (S=all: all of them)"
	@echo "make zoo        every scenario on every kernel, and the table docs/zoo.md"
	@echo "make zoo ABLATE=1            and each asked again without the rules that knew it"
	@echo "make system     hangs and loads on a Debian with its services (root: debootstrap)"
	@echo "make remedies   do in guests what reports advise, and see whether it is true (S=NAME)"
	@echo "make lint       check the sources' form; make format: put it right"
	@echo "make bench      measure"
	@echo "make install    to /usr/local; DESTDIR is honoured"
	@echo
	@echo "K=6.1           the guest's kernel: 5.10, 6.1, 6.12, 6.18, newest (demo, guest);"
	@echo "                6.1-rt, 6.12-rt: with PREEMPT_RT"
	@echo "N=2             guests at a time (check)"
	@echo "MESONFLAGS=...  for meson setup, when $(BUILD)/ is made; e.g. --prefix=/usr"
