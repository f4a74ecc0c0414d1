# The CNI bridge plugin: `make help` lists its targets.

SHELL := /bin/sh
PREFIX ?= /opt/cni/bin
SBIN ?= /usr/local/sbin
SHARE ?= /usr/local/share
UNITS ?= /usr/local/lib/systemd/system
TSX := node_modules/.bin/tsx
JEST := node node_modules/jest/bin/jest.js
# Native addons compile against the headers beside the running Node, without a download.
NODE_PREFIX := $(shell node -p 'require("path").resolve(process.execPath, "../..")' 2>/dev/null)
PACKAGES := file time iproute2 iptables nftables nginx-light curl iputils-ping strace util-linux procps tcpdump arping containernetworking-plugins user-mode-linux kmod dnsmasq-base libcap2-bin man-db groff-base
SOURCES := $(shell find cli plugin ipam cni netlink -name '*.ts') package.json build/definitions.ts dist/commit
# The engine's host: its C half, and the scripts that compile it.
HOST := $(wildcard netlink/libc/quickjs/*.[chS]) $(wildcard build/quickjs/*)
ARCHITECTURE := $(shell dpkg --print-architecture 2>/dev/null)
OTHER := $(if $(filter arm64,$(ARCHITECTURE)),amd64,arm64)
OTHER_PACKAGES := $(if $(filter arm64,$(OTHER)),gcc-aarch64-linux-gnu,gcc-x86-64-linux-gnu) qemu-user-static
# Made of the commands' own description.
PAGES := dist/cni-bridge.8 dist/cni-bridge.bash dist/cni-bridge.zsh
VALIDATORS := plugin/config/generated/validate-config.ts

.DEFAULT_GOAL := build
.PHONY: always help build cross dist release options docs check unit integration e2e test faults fuzz soak demo e2e-docker e2e-runtimes e2e-flannel e2e-kubernetes e2e-vlan e2e-packages parity bench bench-ipam scale screenshot sanitize reproducible reproducible-release reference install clean packages

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-21s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: dist/bridge dist/host-local dist/loopback dist/cni-bridge dist/pkg/bridge dist/pkg/host-local dist/pkg/loopback dist/pkg/cni-bridge $(PAGES) ## the executables: dist/bridge (QuickJS), dist/pkg/bridge (Node); host-local, loopback and cni-bridge beside each

cross: dist/$(OTHER)/bridge dist/$(OTHER)/host-local dist/$(OTHER)/loopback ## dist/arm64/bridge on amd64, dist/amd64/bridge on arm64

dist: dist/bridge dist/$(OTHER)/bridge dist/nfpm ## dist/release: archives, packages, OCI image, bill of materials and checksums for amd64 and arm64
	@build/release/make dist/release

release: ## VERSION=1.2.3: sets it, makes dist/release and tags; refuses a tree that has changes or fails .ci/run
	@build/release/release $(VERSION)

options: node_modules/.installed ## docs/options.md: its tables, from the schemas in plugin/config
	$(TSX) build/options.ts

docs: node_modules/.installed ## dist/docs: the API reference of netlink/, from its comments
	node build/docs/node_modules/typedoc/bin/typedoc --options build/docs/typedoc.json

check: $(VALIDATORS) ## types, lint, format, and whether docs/options.md says what the schemas do
	node node_modules/typescript/bin/tsc --noEmit
	node_modules/.bin/biome check --error-on-warnings
	$(TSX) build/options.ts --check

unit: $(VALIDATORS) ## pure code, exact bytes
	$(JEST) --selectProjects unit

integration: $(VALIDATORS) packages ## netlink against the live kernel, in a host of its own
	build/in-host $(JEST) --selectProjects integration --runInBand

e2e: build cross packages reference ## the executables, called as a runtime calls them; KILLS=all kills host-local at every system call
	build/in-host $(JEST) --selectProjects e2e

test: check build cross packages reference ## check, unit, integration and e2e
	build/in-host $(JEST) --selectProjects unit integration e2e

faults: build packages ## ADD and DEL with a fault at each system call in turn; SAMPLE=20 tries one fault in 20; SEED=n repeats a run
	@build/in-host $(TSX) test/faults/faults.ts $(or $(SAMPLE),1)

fuzz: build packages ## malformed input, results, lease files and netlink replies, for SECONDS=60; SEED=n repeats a run
	@build/in-host $(TSX) test/fuzz/fuzz.ts $(or $(SECONDS),60)

soak: build packages ## CONTAINERS=1000 on one bridge, added, checked and deleted 16 at a time for MINUTES=10
	@build/in-host $(TSX) test/soak/soak.ts $(or $(MINUTES),10) $(or $(CONTAINERS),1000)

demo: dist/bridge ## the article's story, told by real commands in a host of its own
	@build/debian-packages iproute2 nftables nginx-light curl util-linux procps
	@build/in-host test/demo/demo

screenshot: dist/bridge dist/cni-bridge packages ## docs/graph.png, of a small host in a browser; needs chromium
	@test/demo/screenshot

e2e-docker: build packages ## the article's Docker half, and forward beside Docker's firewall, with a dockerd of its own (needs root)
	@build/debian-packages docker.io busybox-static
	@test/docker/run

e2e-runtimes: dist/bridge packages reference dist/runtimes ## podman, containerd (ctr, CRI) and cnitool with our plugins and with the Go plugins (needs root); RUNTIMES=podman runs a part
	@build/debian-packages podman containerd runc busybox-static
	@$(TSX) test/runtimes/main.ts $(RUNTIMES)

e2e-flannel: dist/bridge packages reference dist/flannel ## flannel's plugin delegating to ours, flanneld with etcd, two and three nodes (needs root); BACKENDS='crowd host-gw vxlan-dual' runs a part, REFERENCE=1 the Go plugin as well
	@build/debian-packages etcd-server etcd-client busybox-static
	@$(TSX) test/flannel/main.ts $(BACKENDS)

e2e-kubernetes: dist/bridge packages reference dist/kubernetes ## a real cluster of two nodes whose pods ours connects, and deploy/kubernetes on it (needs root); MODE='iptables nftables-dual' of 4, REFERENCE=1 the Go plugin as well; builds Kubernetes once, 20 min of CPU
	@build/debian-packages containerd runc etcd-server busybox-static jq
	@$(TSX) test/kubernetes/main.ts $(MODE)

# The limit of three quarters of an hour allows for a busy machine.
e2e-vlan: build packages reference ## VLANs, ours compared with the Go plugin's, on the kernel of user-mode-linux
	@build/debian-packages user-mode-linux kmod
	UML_SECONDS=2700 test/uml/run $(JEST) --selectProjects e2e-vlan --runInBand --cacheDirectory=/tmp/jest

e2e-packages: dist dist/chroot/debian ## what dist makes: archives, image, packages installed, upgraded and removed in a Debian and an RPM root (needs root)
	@build/debian-packages lintian rpm busybox-static qemu-user-static podman runc
	$(JEST) --selectProjects e2e-packages --runInBand

bench: build packages $(if $(REFERENCE_CNI_PATH),,reference) ## ours against the Go plugin, in turn; REFERENCE_CNI_PATH chooses the Go plugin, PAIRS=10 is quick
	@build/debian-packages wrk
	@build/in-host $(TSX) test/bench/main.ts

bench-ipam: build packages $(if $(REFERENCE_CNI_PATH),,reference) ## host-local among 0 to 50,000 leases against the Go host-local; PAIRS=10 is quick, DIRECTORY=/run/leases uses a tmpfs
	build/in-host $(TSX) test/bench/ipam.ts

scale: dist/bridge dist/host-local dist/loopback dist/cni-bridge packages ## what a call costs among CONTAINERS='1 10 100 300 1000' on a bridge: system calls, netlink, milliseconds
	@build/in-host $(TSX) test/scale/main.ts $(or $(CONTAINERS),1 10 100 300 1000)

parity: dist/bridge dist/host-local dist/loopback packages $(if $(filter dist/reference,$(REFERENCE_CNI_PATH)),reference) ## ours against the Go plugins in REFERENCE_CNI_PATH (default: Debian's), row by row; ROWS=text runs a part
	@build/debian-packages user-mode-linux kmod
	@build/in-host $(TSX) test/parity/main.ts '$(ROWS)'

sanitize: dist/sanitize/bridge dist/sanitize/host-local dist/sanitize/cni-bridge dist/sanitize/loopback build packages reference ## the end-to-end suites on a build with AddressSanitizer and UBSan
	@test/sanitize

reproducible: dist/bridge ## build again in another directory, and compare: the same file, to the byte
	@test/reproducible

reproducible-release: dist ## build the release again in another directory, as another user, in another locale: the same sums
	@test/reproducible-release

reference: dist/reference/version ## the Go plugins, into dist/reference

install: dist/bridge $(PAGES) ## put bridge and its links into PREFIX (/opt/cni/bin), cni-bridge into SBIN, its man page and completions into SHARE, its unit into UNITS, under DESTDIR, while calls go on
	build/install "$(DESTDIR)$(PREFIX)"
	install -d "$(DESTDIR)$(SBIN)"
	ln -sfT "$(PREFIX)/bridge" "$(DESTDIR)$(SBIN)/cni-bridge"
	install -D -m 644 dist/cni-bridge.8 "$(DESTDIR)$(SHARE)/man/man8/cni-bridge.8"
	install -D -m 644 dist/cni-bridge.bash "$(DESTDIR)$(SHARE)/bash-completion/completions/cni-bridge"
	install -D -m 644 dist/cni-bridge.zsh "$(DESTDIR)$(SHARE)/zsh/site-functions/_cni-bridge"
	install -D -m 644 systemd/cni-bridge-restore.service "$(DESTDIR)$(UNITS)/cni-bridge-restore.service"

clean: ## remove what make made
	rm -rf dist plugin/config/generated node_modules build/docs/node_modules

dist/reference/version: build/reference
	build/reference dist/reference

dist/nfpm: build/release/nfpm
	build/release/nfpm $@

dist/chroot/debian: build/chroot
	build/chroot $@
	@touch $@

# What is built from Go modules; each script skips what exists.
.PHONY: dist/runtimes dist/flannel dist/kubernetes
dist/runtimes:
	@build/runtimes $@
dist/flannel:
	@build/flannel/build $@
dist/kubernetes:
	@build/kubernetes/build $@

packages:
	@build/debian-packages $(PACKAGES)

node_modules/.installed: package.json package-lock.json build/docs/package.json
	npm_config_nodedir=$(NODE_PREFIX) npm ci --loglevel=error
	@touch $@

# The JSON Schemas of the configuration, compiled to code that needs no library at run time.
$(VALIDATORS): build/validators.ts build/schemas.ts plugin/config/bridge.schema.json plugin/config/host-local.schema.json node_modules/.installed
	$(TSX) build/validators.ts

# The engine's sources in a fixed version from PyPI, and musl from Debian.
dist/quickjs/source/version: build/quickjs/requirements.txt build/quickjs/fetch
	build/quickjs/fetch $(@D)

dist/quickjs/musl/%/gcc.specs: build/quickjs/musl
	build/quickjs/musl $* $(@D)

dist/bridge: $(SOURCES) $(HOST) $(VALIDATORS) dist/quickjs/source/version dist/quickjs/musl/$(ARCHITECTURE)/gcc.specs
	@build/debian-packages gcc libc6-dev
	build/quickjs/compile cli/executable.ts $@

dist/$(OTHER)/bridge: $(SOURCES) $(HOST) $(VALIDATORS) dist/quickjs/source/version dist/quickjs/musl/$(OTHER)/gcc.specs
	@build/debian-packages gcc libc6-dev $(OTHER_PACKAGES)
	build/quickjs/compile cli/executable.ts $@ $(OTHER)

dist/sanitize/bridge: $(SOURCES) $(HOST) $(VALIDATORS) dist/quickjs/source/version
	@build/debian-packages gcc libc6-dev
	build/quickjs/compile cli/executable.ts $@ sanitize

dist/pkg/bridge: $(SOURCES) build/close-environment.ts build/bundle-node.ts build/addon.ts build/compile-pkg build/pkg-sea.cjs $(VALIDATORS)
	build/compile-pkg
	@touch $@

dist/host-local dist/pkg/host-local dist/$(OTHER)/host-local dist/sanitize/host-local: %/host-local: %/bridge
	ln -sf bridge $@

dist/loopback dist/pkg/loopback dist/$(OTHER)/loopback dist/sanitize/loopback: %/loopback: %/bridge
	ln -sf bridge $@

dist/cni-bridge dist/pkg/cni-bridge dist/$(OTHER)/cni-bridge dist/sanitize/cni-bridge: %/cni-bridge: %/bridge
	ln -sf bridge $@

dist/cni-bridge.8: dist/cni-bridge
	dist/cni-bridge man >$@

dist/cni-bridge.bash dist/cni-bridge.zsh: dist/cni-bridge.%: dist/cni-bridge
	dist/cni-bridge completion-$* >$@

# The commit that the executables print; written only if it has changed, so that they are rebuilt only then.
dist/commit: always
	@mkdir -p dist
	@build/commit | cmp -s - $@ || build/commit >$@
always:
