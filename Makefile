# The verbs. Each one calls Python and names what is missing.
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
BROWSER := .state/browser.stamp
# The style sheet has what the templates use, so it is built again when a template changes.
ASSETS := $(shell find webkit/assets webkit/src/webkit/templates services/*/src/*/web/templates -name node_modules -prune -o -type f -print 2>/dev/null)
WANTED := $(wildcard requirements/*.txt */pyproject.toml services/*/pyproject.toml deploy/kafka/pom.xml) $(ASSETS)
BOOTSTRAP = $(or $(PYTHON),python3) -m deploy.local.bootstrap --mongod "$(ASCOLTO_MONGOD)"
SOURCES := contracts/src chassis/src webkit/src stack/src ops/src $(wildcard services/*/src) tests bench deploy/local deploy/compose deploy/mongo deploy/grafana
WHERE = $(if $(STATE),--state "$(STATE)")
# `make lock`: one resolution of all packages, and what each image and tool takes of it.
OURS = $(shell sed -n 's/^name = "\(ascolto-.*\)"/--no-emit-package \1/p' */pyproject.toml services/*/pyproject.toml)
COMPILE = .venv/bin/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --python-version 3.11 $(OURS)
PART = $(COMPILE) -c requirements/lock.txt

help: ## List the verbs
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  \033[1m%-12s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Install everything this machine lacks: Python packages, Java, Kafka, mongod, Node.js, the pages' assets
	@$(BOOTSTRAP)

# What is installed has absolute paths: a checkout that was moved or copied is set up anew, and one whose ignored files were removed.
MOVED := $(shell test "$$(cat .state/setup.place 2>/dev/null)" = "$$(pwd -P)" -a -f webkit/src/webkit/static/manifest.json || echo moved)
.PHONY: moved

$(STAMP): $(WANTED) $(MOVED)
	@$(BOOTSTRAP)

assets: ## Build the pages' style sheet, icons and fonts, and print their sizes
	@$(BOOTSTRAP) --assets

tools: $(FOREIGN) $(BROWSER) ## Install what only some tests need: Node.js, a JDK, nginx, Prometheus, Chromium with axe

$(FOREIGN):
	@$(BOOTSTRAP) --foreign

$(BROWSER): tests/journeys/package-lock.json
	@$(BOOTSTRAP) --browser

up: $(STAMP) ## Start engines, mailbox and services that do not run yet (SUPERVISE=1: restart those that end)
	@$(RUN) -m stack up $(WHERE) $(if $(SUPERVISE),--supervise)

down: $(STAMP) ## Stop what `up` started; data are kept
	@$(RUN) -m stack down $(WHERE)

status: $(STAMP) ## Show what runs and where
	@$(RUN) -m stack status $(WHERE)

demo: $(STAMP) ## Play a day in the neighbourhoods on real engines (SEED=…)
	@$(RUN) -m stack demo $(if $(SEED),--seed $(SEED))

test: $(STAMP) ## Run all tests except those of `foreign`
	@$(RUN) -m pytest tests --numprocesses 2 --dist loadfile --no-loadscope-reorder

again: $(STAMP) ## Run the tests that failed last once more, one after another; more than three are not tried
	@$(RUN) -c 'import json, sys; failed = list(json.load(open(".pytest_cache/v/cache/lastfailed"))); print("failed before:", *failed, sep="\n  "); sys.exit(len(failed) > 3)'
	@$(RUN) -m pytest tests --last-failed --last-failed-no-failures none

unit: $(STAMP) ## Run the tests that start no engine and are not slow (T=path for some)
	@$(RUN) -m pytest $(or $(T),tests) --unit --numprocesses 3 --dist worksteal -p no:schemathesis

fmt: $(STAMP) ## Format every file and apply the linter's fixes
	@$(RUN) -m ruff check --fix-only --quiet .
	@$(RUN) -m ruff format .

bench: $(STAMP) ## Measure the runtime against hand-written code (QUICK=1: in four minutes; SEED=…; PARTS="drain relay kills journey cost scale drivers wakeups"; BREAKDOWN=1: every MongoDB request of a report; WRITE=1: tables into docs/)
	@$(RUN) -m bench $(if $(QUICK),--quick) $(if $(SEED),--seed $(SEED)) $(if $(WRITE),--write) $(if $(PARTS),--parts $(PARTS)) $(if $(BREAKDOWN),--breakdown)

foreign: $(STAMP) $(FOREIGN) ## Run the tests that need Node.js, npm or a JDK, and those that leave shared engines unusable
	@$(RUN) -m pytest tests -m foreign --numprocesses 2 --dist loadfile --no-loadscope-reorder

fuzz: $(STAMP) ## Fuzz the decoder with damaged records, every API with generated requests and the import with damaged lists (ENVELOPES=1000000 REQUESTS=100000 FILES=50000 SEED=… JOBS=…; RECORD=1; SUMMARY=1)
	@$(RUN) -m tests.fuzz $(if $(ENVELOPES),--envelopes $(ENVELOPES)) $(if $(REQUESTS),--requests $(REQUESTS)) $(if $(FILES),--files $(FILES)) $(if $(SEED),--seed $(SEED)) \
		$(if $(JOBS),--jobs $(JOBS)) $(if $(RECORD),--record) $(if $(SUMMARY),--summary)

simulate: $(STAMP) ## Run the runtime in simulated worlds with every kind of fault (SEEDS=2000 FIRST=… JOBS=…; SEED=n again; RECORD=1; SUMMARY=1)
	@$(RUN) -m tests.simulation $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),2000)) $(if $(FIRST),--first $(FIRST)) $(if $(JOBS),--jobs $(JOBS)) \
		$(if $(CONTROL),--control $(CONTROL)) $(if $(RECORD),--record) $(if $(SUMMARY),--summary)

check: $(STAMP) ## Check style, types, layers and contracts
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy $(SOURCES)
	@$(RUN) -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'
	@$(RUN) -m contracts check
	@$(RUN) -m webkit.i18n check --unfinished
	@.venv/bin/hadolint Dockerfile

seed-check: $(STAMP) ## Validate the files under deploy/seed before a start (SEEDS=folder)
	@for name in intake routing subsidies notify; do \
		$(RUN) -m $$name seed-check "$(or $(SEEDS),deploy/seed)/$$name" || wrong=1; done; test -z "$$wrong"

bench-duplicates: $(STAMP) ## Measure the search for the same problem among 50,000 reports, on a real MongoDB
	@$(RUN) -m bench.duplicates

bench-imports: $(STAMP) ## Measure what a row of an imported list costs, together with others and alone
	@$(RUN) -m bench.imports

bench-pages: $(STAMP) ## Measure what every page costs with 1,000 and with 100,000 reports kept (REPORTS=…; takes a quarter of an hour)
	@$(RUN) -m bench.intake_pages $(if $(REPORTS),--reports $(REPORTS))

bench-places: $(STAMP) ## Measure the search over 20,000 places, and a registration with few and many of them
	@$(RUN) -m bench.places

places-export: $(STAMP) ## Write the places as a table for a spreadsheet (TO=file SEEDS=folder)
	@$(RUN) -m intake places export "$(or $(SEEDS),deploy/seed)/intake" $(if $(TO),--to "$(TO)")

places-import: $(STAMP) ## Put a table of places into the seed files, all of it or nothing (FILE=… SEEDS=folder CHECK=1 CLOSE=1)
	@$(RUN) -m intake places import "$(FILE)" "$(or $(SEEDS),deploy/seed)/intake" $(if $(CHECK),--check) $(if $(CLOSE),--close-missing)

contracts: $(STAMP) ## Generate documents from the contracts and check that no promise is broken
	@$(RUN) -m contracts generate
	@$(RUN) -m contracts check

texts: $(STAMP) ## Update the catalogues of every language from templates and Italian labels; show what lacks a text or a review (docs/texts.md)
	@$(RUN) -m webkit.i18n update
	@$(RUN) -m webkit.i18n check

map: $(STAMP) ## Write docs/event-map.md: the publisher and the subscribers of each event
	@$(RUN) -m contracts generate

journeys: $(STAMP) $(BROWSER) ## Walk every role's pages with Chromium on a system of their own, and check each page (STATE=… on a running one; ONLY=tenant,arab)
	@$(RUN) -m tests.journeys $(WHERE) $(if $(ONLY),--only "$(ONLY)")

field-test: $(STAMP) $(BROWSER) ## Use the operators' app in Chromium on a network that loses 30 % and with killed browsers, and account for every report and photo (REPORTS=200 PHOTOS=400 KILLS=5 SEED=… LOSS=…; CONTROL=forgotten-ids or early-answers: a fault that must be found)
	@$(RUN) -m tests.field $(if $(REPORTS),--reports $(REPORTS)) $(if $(PHOTOS),--photos $(PHOTOS)) $(if $(KILLS),--kills $(KILLS)) $(if $(SEED),--seed $(SEED)) \
		$(if $(LOSS),--loss $(LOSS)) $(if $(CONTROL),--control $(CONTROL)) $(WHERE)

screens: $(STAMP) $(BROWSER) ## Take pictures of every page of a running system at 390 and 1280 px, the public ones also in Arabic, with Chromium (TO=docs/pictures PAGE=home)
	@$(RUN) -m tests.journeys.screens $(WHERE) --to "$(or $(TO),docs/pictures)" $(if $(PAGE),--page $(PAGE))

subscribers: $(STAMP) $(FOREIGN) ## Run subscribers in Python, Node.js and Java on a live system and kill them in mid-stream
	@$(RUN) -m stack subscribers

subscriber: $(STAMP) ## Create a Kafka user for another team and print its connection settings (NAME=cruscotto)
	@test -n "$(NAME)" || { echo 'subscriber: name the team: make subscriber NAME=cruscotto' >&2; exit 2; }
	@$(RUN) -m stack subscriber "$(NAME)"

permissions: $(STAMP) ## Test that the engines deny everything that the permissions table does not grant
	@$(RUN) -m stack permissions

denials: permissions ## Alias of `permissions`

import: $(STAMP) ## Import a CSV of reports (FILE=… MAPPING=… URL=… SECRET=… RESULT=…; FORMER_IDS=1)
	@test -n "$(FILE)" || { echo 'import: name the file: make import FILE=reports.csv [MAPPING=mapping.yaml]' >&2; exit 2; }
	@$(RUN) -m intake import "$(FILE)" $(if $(MAPPING),--mapping "$(MAPPING)") $(if $(URL),--url "$(URL)") $(if $(SECRET),--secret "$(SECRET)") \
		$(if $(RESULT),--result "$(RESULT)") $(if $(FORMER_IDS),--former-ids)

replay: $(STAMP) ## Replay retained records into a shadow database (SERVICE=routing TOPIC=… SINCE=… SWAP=…)
	@test -n "$(SERVICE)" || { echo 'replay: name the service: make replay SERVICE=routing' >&2; exit 2; }
	@$(RUN) -m stack replay $(SERVICE) $(if $(TOPIC),--topic $(TOPIC)) $(if $(SINCE),--since $(SINCE)) $(if $(SWAP),--swap $(SWAP))

backup: $(STAMP) ## Back up all databases while everything runs (TO=folder KEEP=days STATE=…)
	@$(RUN) -m stack backup $(WHERE) $(if $(TO),--to "$(TO)") $(if $(KEEP),--keep-days $(KEEP))

verify: $(STAMP) ## Check an archive against its manifest (FILE=…)
	@test -n "$(FILE)" || { echo 'verify: name the archive: make verify FILE=.state/run/backups/ascolto-….backup' >&2; exit 2; }
	@$(RUN) -m stack verify $(WHERE) "$(FILE)"

restore: $(STAMP) ## Restore an archive into empty databases and create the topics again (FILE=… STATE=… REPLACE=1)
	@test -n "$(FILE)" || { echo 'restore: name the archive: make restore FILE=.state/run/backups/ascolto-….backup' >&2; exit 2; }
	@$(RUN) -m stack restore $(WHERE) $(if $(REPLACE),--replace) "$(FILE)"
dashboards: $(STAMP) ## Generate Grafana's dashboards and the tables of docs/operations.md
	@$(RUN) -m deploy.grafana.draw
	@$(RUN) -m tests.watching.table

ops: ## Call the ops API of a service in the deployment (SERVICE=routing ASK="list"; OPS_SECRET=file)
	@test -n "$(SERVICE)" && test -n "$(ASK)" || { echo 'ops: name the service and the command: make ops SERVICE=routing ASK="list"' >&2; exit 2; }
	@$(or $(PYTHON),python3) deploy/compose/ops.py $(if $(OPS_CLIENT),--client "$(OPS_CLIENT)") $(if $(OPS_SECRET),--secret "$(OPS_SECRET)") $(SERVICE) "$(ASK)"

secrets: ## Create the secrets and .env that docker compose needs; existing files are kept
	@$(or $(PYTHON),python3) deploy/compose/secrets.py

certificates: ## Create a certificate authority and the engines' certificates (OUTSIDE=kafka.example.org: for other teams too)
	@$(or $(PYTHON),python3) deploy/compose/certificates.py $(if $(OUTSIDE),--outside "$(OUTSIDE)")

digests: ## Pin every public image by digest, in an override for COMPOSE_FILE (needs docker and a registry)
	@$(or $(PYTHON),python3) deploy/compose/digests.py

sbom: $(STAMP) ## Write the bill of materials of each image (CycloneDX, into sbom/)
	@$(RUN) deploy/compose/sbom.py

lock: $(STAMP) ## Resolve the packages of all pyproject.toml anew into requirements/, with hashes (UPGRADE="fastapi httpx" or UPGRADE=all: newer ones)
	@$(COMPILE) */pyproject.toml services/*/pyproject.toml --group dev -o requirements/lock.txt \
		$(if $(filter all,$(UPGRADE)),--upgrade,$(foreach name,$(UPGRADE),--upgrade-package $(name)))
	@$(PART) --group intake --no-deps -o requirements/intake.txt
	@$(PART) services/*/pyproject.toml --group build $$(sed -n 's/^\([a-z0-9-]*\)==.*/--no-emit-package \1/p' requirements/intake.txt) -o requirements/run.txt
	@$(PART) ops/pyproject.toml -o requirements/provision.txt
	@$(COMPILE) --group uv -o requirements/uv.txt
	@$(COMPILE) --group mongod --no-deps -o requirements/mongod.txt
	@$(COMPILE) --group node --no-deps -o requirements/node.txt

compose-test: $(STAMP) ## Test docker-compose.yml on containers: a day, crashes, replicas, new builds, a lost database (SEED=… ONLY=…; ONLY=ha: three of each engine over TLS instead; ONLY=images: only build the images)
	@$(RUN) -m tests.compose $(if $(SEED),--seed $(SEED)) $(if $(ONLY),--only $(ONLY)) $(if $(KEEP),--keep)

roll: ## Roll the services to the images that .env names, one after another (SERVICES="intake notify")
	@$(or $(PYTHON),python3) deploy/compose/roll.py $(SERVICES)

faults: $(STAMP) ## Inject faults under load and account for every record (MINUTES=… SEED=… RATE=… ONLY=F2,F5; a slice without MINUTES; SUMMARY=1)
	@ls /usr/lib/*/faketime/libfaketime.so.1 >/dev/null 2>&1 || $(BOOTSTRAP) --clocks || true
	@$(RUN) -m bench.faults $(if $(SUMMARY),summary,run) $(if $(MINUTES),--minutes $(MINUTES)) $(if $(SEED),--seed $(SEED)) $(if $(RATE),--rate $(RATE)) $(if $(ONLY),--only $(ONLY)) $(if $(SPARE),--spare "$(SPARE)")
