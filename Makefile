# The verbs. Each one calls Python and says what it needs when it is missing.
.DEFAULT_GOAL := help
# No verb is a file, whatever folders there are.
.PHONY: $(shell sed -n 's/^\([a-z-]*\):.*/\1/p' Makefile)
MAKEFLAGS += --no-print-directory
# File names with accents are the same to Java, Python and the engines in this locale only.
export LC_ALL := C.UTF-8

PYTHON = $(shell for p in python3.11 python3.12 python3.13 python3; do $$p -c '' 2>/dev/null && echo $$p && break; done)
RUN := .venv/bin/python
STAMP := .state/setup.stamp
FOREIGN := .state/foreign.stamp
WANTED := $(wildcard requirements/*.txt */pyproject.toml services/*/pyproject.toml deploy/kafka/pom.xml)
BOOTSTRAP = $(or $(PYTHON),python3) -m deploy.local.bootstrap --mongod "$(ASCOLTO_MONGOD)"
SOURCES := contracts/src chassis/src stack/src ops/src $(wildcard services/*/src) tests bench deploy/local deploy/compose deploy/mongo deploy/grafana
WHERE = $(if $(STATE),--state "$(STATE)")
# `make lock`: one resolution of all packages, and what each image and tool takes of it.
OURS = $(shell sed -n 's/^name = "\(ascolto-.*\)"/--no-emit-package \1/p' */pyproject.toml services/*/pyproject.toml)
COMPILE = .venv/bin/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --python-version 3.11 $(OURS)
PART = $(COMPILE) -c requirements/lock.txt

help: ## Say what there is to do
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  \033[1m%-12s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Install everything this machine lacks: Python packages, Java, Kafka, mongod
	@$(BOOTSTRAP)

# What is installed has absolute paths: a checkout that was moved or copied is set up anew.
MOVED := $(shell test "$$(cat .state/setup.place 2>/dev/null)" = "$$(pwd -P)" || echo moved)
.PHONY: moved

$(STAMP): $(WANTED) $(MOVED)
	@$(BOOTSTRAP)

tools: $(FOREIGN) ## Install what only some tests need: Node.js, a JDK, nginx, Prometheus

$(FOREIGN):
	@$(BOOTSTRAP) --foreign

up: $(STAMP) ## Start engines, mailbox and services; what runs already is left alone (SUPERVISE=1: go on starting again what ends)
	@$(RUN) -m stack up $(WHERE) $(if $(SUPERVISE),--supervise)

down: $(STAMP) ## Stop exactly what `up` started; the data stay
	@$(RUN) -m stack down $(WHERE)

status: $(STAMP) ## Say what runs and where
	@$(RUN) -m stack status $(WHERE)

demo: $(STAMP) ## Play a day in the neighbourhoods on real engines (SEED=…)
	@$(RUN) -m stack demo $(if $(SEED),--seed $(SEED))

test: $(STAMP) ## Run the tests, but for those of `foreign`
	@$(RUN) -m pytest tests --numprocesses 2 --dist loadfile

unit: $(STAMP) ## Run the tests that start no engine and are not slow (T=path for some)
	@$(RUN) -m pytest $(or $(T),tests) --unit --numprocesses 2 --dist worksteal -p no:schemathesis

fmt: $(STAMP) ## Format every file, and mend what the linter can mend
	@$(RUN) -m ruff check --fix-only --quiet .
	@$(RUN) -m ruff format .

bench: $(STAMP) ## Measure it beside what is written by hand (QUICK=1: in three minutes; SEED=…; PARTS="drain journey"; WRITE=1: tables into docs/speed.md)
	@$(RUN) -m bench $(if $(QUICK),--quick) $(if $(SEED),--seed $(SEED)) $(if $(WRITE),--write) $(if $(PARTS),--parts $(PARTS))

foreign: $(STAMP) $(FOREIGN) ## Run the tests that need Node.js, npm or a JDK, and those that spoil shared engines
	@$(RUN) -m pytest tests -m foreign --numprocesses 2 --dist loadfile --no-loadscope-reorder

fuzz: $(STAMP) ## Throw damaged records at the decoder, made-up requests at all doors and damaged lists at the import (ENVELOPES=1000000 REQUESTS=100000 FILES=50000 SEED=… JOBS=…; RECORD=1; SUMMARY=1)
	@$(RUN) -m tests.fuzz $(if $(ENVELOPES),--envelopes $(ENVELOPES)) $(if $(REQUESTS),--requests $(REQUESTS)) $(if $(FILES),--files $(FILES)) $(if $(SEED),--seed $(SEED)) \
		$(if $(JOBS),--jobs $(JOBS)) $(if $(RECORD),--record) $(if $(SUMMARY),--summary)

simulate: $(STAMP) ## Run the runtime through worlds where everything fails (SEEDS=2000 FIRST=… JOBS=…; SEED=n again; RECORD=1; SUMMARY=1)
	@$(RUN) -m tests.simulation $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),2000)) $(if $(FIRST),--first $(FIRST)) $(if $(JOBS),--jobs $(JOBS)) \
		$(if $(CONTROL),--control $(CONTROL)) $(if $(RECORD),--record) $(if $(SUMMARY),--summary)

check: $(STAMP) ## Check style, types and who may import whom
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy $(SOURCES)
	@$(RUN) -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'
	@$(RUN) -m contracts check
	@.venv/bin/hadolint Dockerfile

seed-check: $(STAMP) ## Say what is wrong with the files under deploy/seed, before a start (SEEDS=folder)
	@for name in intake routing subsidies notify; do \
		$(RUN) -m $$name seed-check "$(or $(SEEDS),deploy/seed)/$$name" || wrong=1; done; test -z "$$wrong"

contracts: $(STAMP) ## Write what is generated from the contracts, and hold it against every promise
	@$(RUN) -m contracts generate
	@$(RUN) -m contracts check

map: $(STAMP) ## Write docs/event-map.md: the publisher and the subscribers of each event
	@$(RUN) -m contracts generate

screens: $(STAMP) ## Take pictures of the public pages of a running system, with Chromium (TO=docs/pictures)
	@$(RUN) -m stack screens $(WHERE) --to "$(or $(TO),docs/pictures)" $(if $(PAGE),--page $(PAGE))

subscribers: $(STAMP) $(FOREIGN) ## Let programs in Python, Node.js and Java hear a live system, killed in mid-stream
	@$(RUN) -m stack subscribers

subscriber: $(STAMP) ## Give another team a user, its rights and its connection settings (NAME=cruscotto)
	@test -n "$(NAME)" || { echo 'subscriber: name the team: make subscriber NAME=cruscotto' >&2; exit 2; }
	@$(RUN) -m stack subscriber "$(NAME)"

permissions: $(STAMP) ## Test that the engines deny everything that the permissions table does not grant
	@$(RUN) -m stack permissions

denials: permissions ## Alias of `permissions`

import: $(STAMP) ## Import a CSV of reports (FILE=… MAPPING=… URL=… SECRET=… RESULT=…; FORMER_IDS=1)
	@test -n "$(FILE)" || { echo 'import: name the file: make import FILE=reports.csv [MAPPING=mapping.yaml]' >&2; exit 2; }
	@$(RUN) -m intake import "$(FILE)" $(if $(MAPPING),--mapping "$(MAPPING)") $(if $(URL),--url "$(URL)") $(if $(SECRET),--secret "$(SECRET)") \
		$(if $(RESULT),--result "$(RESULT)") $(if $(FORMER_IDS),--former-ids)

replay: $(STAMP) ## Replay what topics remember into a shadow (SERVICE=routing TOPIC=… SINCE=… SWAP=…)
	@test -n "$(SERVICE)" || { echo 'replay: name the service: make replay SERVICE=routing' >&2; exit 2; }
	@$(RUN) -m stack replay $(SERVICE) $(if $(TOPIC),--topic $(TOPIC)) $(if $(SINCE),--since $(SINCE)) $(if $(SWAP),--swap $(SWAP))

backup: $(STAMP) ## Write an archive of all databases, while everything runs (TO=folder KEEP=days STATE=…)
	@$(RUN) -m stack backup $(WHERE) $(if $(TO),--to "$(TO)") $(if $(KEEP),--keep-days $(KEEP))

verify: $(STAMP) ## Read all of an archive and hold it against its manifest (FILE=…)
	@test -n "$(FILE)" || { echo 'verify: name the archive: make verify FILE=.state/run/backups/ascolto-….backup' >&2; exit 2; }
	@$(RUN) -m stack verify $(WHERE) "$(FILE)"

restore: $(STAMP) ## Write an archive into empty databases and make the topics anew (FILE=… STATE=… REPLACE=1)
	@test -n "$(FILE)" || { echo 'restore: name the archive: make restore FILE=.state/run/backups/ascolto-….backup' >&2; exit 2; }
	@$(RUN) -m stack restore $(WHERE) $(if $(REPLACE),--replace) "$(FILE)"
dashboards: $(STAMP) ## Draw Grafana's dashboards and the tables of docs/operations.md anew
	@$(RUN) -m deploy.grafana.draw
	@$(RUN) -m tests.watching.table

ops: ## Ask a service's ops door in the deployment (SERVICE=routing ASK="list"; OPS_SECRET=file)
	@test -n "$(SERVICE)" && test -n "$(ASK)" || { echo 'ops: say whom and what: make ops SERVICE=routing ASK="list"' >&2; exit 2; }
	@$(or $(PYTHON),python3) deploy/compose/ops.py $(if $(OPS_CLIENT),--client "$(OPS_CLIENT)") $(if $(OPS_SECRET),--secret "$(OPS_SECRET)") $(SERVICE) "$(ASK)"

secrets: ## Make the secrets and .env that docker compose needs; what exists stays
	@$(or $(PYTHON),python3) deploy/compose/secrets.py

certificates: ## Make a certificate authority and what the engines show (OUTSIDE=kafka.example.org: for other teams too)
	@$(or $(PYTHON),python3) deploy/compose/certificates.py $(if $(OUTSIDE),--outside "$(OUTSIDE)")

digests: ## Pin every public image by digest, in an override for COMPOSE_FILE (needs docker and a registry)
	@$(or $(PYTHON),python3) deploy/compose/digests.py

sbom: $(STAMP) ## Write what each image is made of, with versions and licences (CycloneDX, into sbom/)
	@$(RUN) deploy/compose/sbom.py

lock: $(STAMP) ## Resolve the packages of all pyproject.toml anew into requirements/, with hashes (UPGRADE="fastapi httpx" or UPGRADE=all: newer ones)
	@$(COMPILE) */pyproject.toml services/*/pyproject.toml --group dev -o requirements/lock.txt \
		$(if $(filter all,$(UPGRADE)),--upgrade,$(foreach name,$(UPGRADE),--upgrade-package $(name)))
	@$(PART) services/*/pyproject.toml --group build -o requirements/run.txt
	@$(PART) ops/pyproject.toml -o requirements/provision.txt
	@$(COMPILE) --group uv -o requirements/uv.txt
	@$(COMPILE) --group mongod --no-deps -o requirements/mongod.txt

compose-test: $(STAMP) ## Run docker-compose.yml on containers and try it: a day, crashes, replicas, new builds, a lost database (SEED=… ONLY=…; ONLY=ha: three of each engine over TLS instead; ONLY=images: only make the images)
	@$(RUN) -m tests.compose $(if $(SEED),--seed $(SEED)) $(if $(ONLY),--only $(ONLY)) $(if $(KEEP),--keep)

roll: ## Bring in the images that .env names, service after service, while people use them (SERVICES="intake notify")
	@$(or $(PYTHON),python3) deploy/compose/roll.py $(SERVICES)

faults: $(STAMP) ## Break everything under load and account for it (MINUTES=… SEED=… RATE=… ONLY=F2,F5; a slice without MINUTES; SUMMARY=1)
	@ls /usr/lib/*/faketime/libfaketime.so.1 >/dev/null 2>&1 || $(BOOTSTRAP) --clocks || true
	@$(RUN) -m bench.faults $(if $(SUMMARY),summary,run) $(if $(MINUTES),--minutes $(MINUTES)) $(if $(SEED),--seed $(SEED)) $(if $(RATE),--rate $(RATE)) $(if $(ONLY),--only $(ONLY)) $(if $(SPARE),--spare "$(SPARE)")
