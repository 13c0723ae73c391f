# Two commands matter: `make rehearse` and `make test`. Nothing here needs root, a container engine or AWS.

SHELL       := /bin/bash
CACHE       := $(CURDIR)/.cache
LINT_VERSION := v2.15.0
FUMPT_VERSION := v0.12.0
VULN_VERSION := v1.9.0
LINT        := $(CACHE)/bin/golangci-lint-$(LINT_VERSION)
# The engine's module cannot be resolved before the rehearsal has fetched the AWS provider: the rehearsal compiles it.
MODULES     := rehearsal . sdks/opensearch sdks/generate docs/diagram

# Tests are compiled as a rehearsal is (rehearsal/engine/quick): in half the time, and the compiler's cache serves both.
export CGO_ENABLED := 0
export GOFLAGS     := -trimpath '-gcflags=all=-l -dwarf=false' $(GOFLAGS)

.PHONY: help graph rehearse rehearse-full faults bench bench-tables bench-sources bench-pipeline dashboard test test-tables test-page lint vuln sdk docs diagram permissions clean plugin

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 18

rehearse: ## deploy, load, verify, update and destroy the whole pipeline on this machine
	@exec rehearsal/start

rehearse-full: ## all parts of the rehearsal one after the other, or one: PART=lifecycle, account, rows, tables, serverless, faults, sources, languages
	@exec rehearsal/start full $(PART)

faults: ## cause every fault, one after the other, while rows are written, and rewrite docs/reliability.md; after Ctrl-C run it again to go on
	@exec rehearsal/start faults

bench: ## measure the current-state function on a real OpenSearch, and rewrite docs/performance.md
	@exec rehearsal/start bench

bench-tables: ## measure the job that keeps the lake's tables, and rewrite its section of docs/performance.md
	@exec rehearsal/start bench-tables

bench-sources: ## measure how the outage of one source affects another source, and rewrite that section of docs/performance.md
	@exec rehearsal/start bench-sources

bench-pipeline: ## measure the current-state function under load and beside Debezium and write that section of docs/performance.md anew
	@exec rehearsal/start bench-pipeline

dashboard: ## draw docs/dashboard.svg anew: the dashboard as it is declared, with the values of a rehearsal
	@exec rehearsal/start dashboard

# Many tests wait for servers: two modules at a time, four packages of each. The linters vet. What the generator of SDKs reads is outside of its module,
# where Go does not look before it takes a former result for the present one.
test: ## all tests of every module
	@cd functions/tables && PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=. python3 -m unittest discover -q -s tests
	@cd sdks/generate && go test -vet=off -count=1 ./...
	@printf '%s\n' $(filter-out sdks/generate,$(MODULES)) | xargs -P 2 -I{} sh -c 'cd {} && go test -vet=off -p 4 ./...'

# Spark and what it needs are a gigabyte to download, and each run of the job takes it some ten seconds.
test-tables: ## test the job that keeps the lake's tables, with Spark and the readers of other engines
	cd rehearsal && go test -vet=off -tags spark -count=1 -timeout 120m ./standins/glue

test-page: ## test the report's page in headless Chromium (Debian: chromium), as wide as a desktop and a phone; pictures go to .cache/rehearsal/
	cd rehearsal && go test -vet=off -tags browser -count=1 ./report/page

test-languages: ## programs of TypeScript (tsc --strict, needs Node 20 with npm) and Python (mypy --strict): examples, those of the components' pages, drivers
	cd rehearsal && go test -vet=off -tags languages -count=1 ./typed

lint: $(LINT) ## golangci-lint with the committed configuration, in every module
	@set -e; for module in . sdks/generate docs/diagram rehearsal; do echo "== $$module"; (cd $$module && $(LINT) run --config $(CURDIR)/.golangci.yml ./...); done

$(LINT):
	@mkdir -p $(dir $@)
	GOBIN=$(CACHE)/bin GOFLAGS= go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)
	@mv $(CACHE)/bin/golangci-lint $@

vuln: ## look for known vulnerabilities (asks the Go vulnerability database, so it needs the internet)
	@set -e; for module in $(MODULES); do echo "== $$module"; (cd $$module && GOFLAGS= go run golang.org/x/vuln/cmd/govulncheck@$(VULN_VERSION) ./...); done

sdk: ## write all SDKs, the examples in their languages and the committed schemas anew
	rehearsal/start schemas
	cd sdks/generate && go run . ..

docs: ## generate docs/configuration.md, docs/cdc, docs/components, the plugin's schema, policies.md, assumptions.md, cost.md and licences.md from configuration types, commands, rules, assumptions, prices and modules
	go generate ./config ./cmd/cdc ./provider ./policy ./internal/cost ./internal/operator/conformance ./internal/licences

plugin: ## build the plugin for other languages as it is released, in .cache/provider; VERSION=1.2.3
	GOFLAGS= go run ./provider/release -version $(or $(VERSION),0.0.1-dev) -to $(CACHE)/provider

diagram: ## draw docs/architecture.svg from the program
	cd docs/diagram && go run .

graph: ## generate docs/graph.md: which resource waits for which in a deployment, and how long that takes by documented and typical times
	go generate ./internal/graph

permissions: ## generate docs/permissions.md from the calls of the rehearsed parts, or else from the committed recording
	@if [ -f $(CACHE)/rehearsal/calls.json ]; then install -m 644 $(CACHE)/rehearsal/calls.json rehearsal/permissions/recorded.json; fi
	cd rehearsal && go generate ./permissions

clean: ## remove everything that was downloaded or built
	chmod -R u+w $(CACHE) 2>/dev/null || true
	rm -rf $(CACHE)
