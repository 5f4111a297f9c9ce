# scylla_fdw: build, install and test. `make help` lists the targets.

MODULE_big = scylla_fdw
EXTENSION = scylla_fdw
DATA = sql/scylla_fdw--1.0.sql
PGFILEDESC = "scylla_fdw - foreign data wrapper for ScyllaDB and Apache Cassandra"

# The core (cql, net, cluster, pipeline) is compiled without the server's headers: a wrong include
# is a compile error. VARIANT keeps sanitizer builds apart.
SAN ?=
comma := ,
VARIANT := $(if $(SAN),$(subst $(comma),-,$(SAN)),plain)
BUILD := build/$(VARIANT)

# With ASSERTS=1, as dev/test has it, the extension checks its invariants (src/cql/invariant.h). Unit tests and
# sanitizer builds always do: their objects of the core stand in a folder of their own.
ASSERTS ?=
CHECKED := $(BUILD)/checked
CORE_BUILD := $(if $(ASSERTS)$(SAN),$(CHECKED),$(BUILD))

LAYERS := cql net cluster pipeline
CORE_SOURCES := $(wildcard $(LAYERS:%=src/%/*.c))
CORE_OBJS := $(CORE_SOURCES:%.c=$(CORE_BUILD)/%.o)
CHECKED_OBJS := $(CORE_SOURCES:%.c=$(CHECKED)/%.o)
FDW_OBJS := scylla_fdw.o $(patsubst %.c,%.o,$(wildcard src/fdw/*/*.c))
OBJS := $(FDW_OBJS) $(CORE_OBJS)

# Callback signatures are given by PostgreSQL and libuv: unused parameters are their business.
# With WERROR=1, as dev/test has it, warnings are errors; a newer compiler's do not stop a user's build.
WARNINGS = -Wall -Wextra -Wno-unused-parameter -Wmissing-prototypes $(if $(WERROR),-Werror)
SAN_FLAGS := $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all)
CORE_CFLAGS = -std=gnu11 $(if $(SAN),-O1,-O2) -g $(WARNINGS) -fPIC -fvisibility=hidden -pthread \
	-iquote src -MMD -MP $(SAN_FLAGS)
CORE_LIBS = -luv -llz4 -lz -lssl -lcrypto -lpthread -lm

REGRESS ?= $(patsubst sql/%.sql,%,$(filter-out sql/scylla_fdw--%.sql sql/vector.sql sql/nearest.sql,$(sort $(wildcard sql/*.sql)))) $(PGVECTOR)
REGRESS_OPTS = --inputdir=. --load-extension=scylla_fdw
EXTRA_CLEAN = build $(wildcard src/fdw/*/*.d) scylla_fdw.d $(wildcard test/alloc/*.[od] test/reject/*.[od] test/aborts/*.[od])

PG_CONFIG ?= pg_config
PG_CPPFLAGS = -isystem $(shell $(PG_CONFIG) --includedir-server) -iquote src -MMD -MP
SHLIB_LINK = $(CORE_LIBS)

# Where the server has pgvector, its type is tested too.
PGVECTOR := $(if $(wildcard $(shell $(PG_CONFIG) --sharedir)/extension/vector.control),vector nearest)

override with_llvm = no
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# The flags the server was built with, without those that this compiler does not know.
knows = $(shell $(CC) -Werror $(1) -E -x c /dev/null >/dev/null 2>&1 && echo $(1))
override CFLAGS := $(foreach flag,$(CFLAGS),$(call knows,$(flag))) $(WARNINGS)
# All but scylla_fdw.o, whose functions the server looks up.
src/fdw/%.o: override CFLAGS += -fvisibility=hidden
# USE_ASSERT_CHECKING turns on the server's own Assert, with those in its inline functions, whatever the server was
# built with. What it calls is in every server, and of the structs in the headers of 15 to 18 one alone differs: a
# memory context's methods have a last member more, and an extension makes none.
ABORTS_OBJS := test/aborts/aborts.o
ifneq ($(ASSERTS),)
$(FDW_OBJS) $(ABORTS_OBJS): override CFLAGS += -DCORE_ASSERTS -DUSE_ASSERT_CHECKING
endif

.DEFAULT_GOAL := all

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CORE_CFLAGS) -c -o $@ $<

$(CHECKED)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CORE_CFLAGS) -DCORE_ASSERTS -c -o $@ $<

# Objects of fdw have one place, whatever ASSERTS says: another choice makes them anew.
$(FDW_OBJS) $(ABORTS_OBJS) $(shlib): build/asserts
build/asserts: FORCE
	@mkdir -p build
	@echo '$(ASSERTS)' | cmp -s - $@ || echo '$(ASSERTS)' >$@
FORCE:

# ---- tests of the core ----

NODE_SOURCES := $(filter-out test/node/main.c,$(wildcard test/node/*.c))
UNIT_TESTS := $(patsubst test/unit/%.c,$(BUILD)/unit/%,$(wildcard test/unit/*/*_test.c))
FUZZERS := $(patsubst test/fuzz/%.c,build/fuzz/%,$(wildcard test/fuzz/*_fuzz.c))
$(BUILD)/test/%.o $(CHECKED)/test/%.o: CORE_CFLAGS += -iquote test/node -iquote test/unit

%.a:
	rm -f $@ && $(AR) rcs $@ $^

$(CORE_BUILD)/libcore.a: $(CORE_OBJS)
$(BUILD)/libnode.a: $(NODE_SOURCES:%.c=$(BUILD)/%.o)
$(CHECKED)/libnode.a: $(NODE_SOURCES:%.c=$(CHECKED)/%.o)

# A test links its own layer and those below: what calls upwards does not link.
BELOW_cql := cql
BELOW_net := net $(BELOW_cql)
BELOW_cluster := cluster $(BELOW_net)
BELOW_pipeline := pipeline $(BELOW_cluster)
BELOW_node := cql

define layer_library
$(CHECKED)/lib$(1).a: $(filter $(CHECKED)/src/$(1)/%,$(CHECKED_OBJS))
endef
define layer_tests
$(BUILD)/unit/$(1)/%: $(CHECKED)/test/unit/$(1)/%.o $(CHECKED)/libnode.a $(BELOW_$(1):%=$(CHECKED)/lib%.a)
	@mkdir -p $$(@D)
	$$(CC) $$(SAN_FLAGS) -o $$@ $$^ -lcmocka $$(CORE_LIBS)
endef
$(foreach layer,$(LAYERS),$(eval $(call layer_library,$(layer))))
$(foreach layer,$(LAYERS) node,$(eval $(call layer_tests,$(layer))))

$(BUILD)/cql_node: $(CORE_BUILD)/test/node/main.o $(CORE_BUILD)/libnode.a $(CORE_BUILD)/libcore.a
	$(CC) $(SAN_FLAGS) -o $@ $^ $(CORE_LIBS)

$(BUILD)/bench_floor: $(CORE_BUILD)/bench/peers/floor.o $(CORE_BUILD)/libcore.a
	$(CC) $(SAN_FLAGS) -o $@ $^ $(CORE_LIBS)

# The extension with allocations that a test has fail. The same objects, other ends: see test/alloc.
WRAPPED := $(shell sed -nE 's/^WRAP[A-Z_]*.[^,]*, ([A-Za-z_0-9]+),.*/\1/p' test/alloc/wrap.c)
ALLOC_OBJS := test/alloc/alloc.o test/alloc/wrap.o
test/alloc/%.o: override CFLAGS += -Wno-missing-prototypes
$(BUILD)/alloc.so: $(OBJS) $(ALLOC_OBJS)
	$(CC) $(CFLAGS) -shared -o $@ $^ $(WRAPPED:%=-Wl,--wrap=%) $(LDFLAGS) $(SHLIB_LINK) -ldl

# The extension with a test that takes refused rows: see test/reject.
REJECT_OBJS := test/reject/reject.o
test/reject/%.o: override CFLAGS += -Wno-missing-prototypes
$(BUILD)/reject.so: $(OBJS) $(REJECT_OBJS)
	$(CC) $(CFLAGS) -shared -o $@ $^ -Wl,--wrap=scyllaChooseRejects $(LDFLAGS) $(SHLIB_LINK)

# The extension with functions that break its invariants: see test/aborts.
test/aborts/%.o: override CFLAGS += -Wno-missing-prototypes
$(BUILD)/aborts.so: $(OBJS) $(ABORTS_OBJS)
	$(CC) $(CFLAGS) -shared -o $@ $^ $(LDFLAGS) $(SHLIB_LINK)

# A name service that tests hold up.
$(BUILD)/slow_dns.so: test/t/slow_dns.c
	@mkdir -p $(@D)
	$(CC) $(CORE_CFLAGS) -fvisibility=default -shared -o $@ $< -ldl

.PRECIOUS: $(BUILD)/%.o $(CHECKED)/%.o
.PHONY: FORCE installcheck_ready convertercheck unit unitbuild unitcheck node bench bench_clients lint fuzz help

node: $(BUILD)/cql_node $(BUILD)/slow_dns.so $(BUILD)/alloc.so $(BUILD)/reject.so $(BUILD)/aborts.so

bench_clients: $(BUILD)/bench_floor

bench:
	bench/run

unitbuild: $(UNIT_TESTS)

# TEST: cluster/route is one program, cluster a layer's; all without it.
TEST ?= %
CHOSEN_TESTS := $(filter $(BUILD)/unit/$(TEST)_test $(BUILD)/unit/$(TEST)/%,$(UNIT_TESTS))
unit unitcheck: $(or $(CHOSEN_TESTS),no_such_test)
	@failed=0; for test in $^; do echo "== $$test"; $(RUN_TEST) $$test || failed=1; done; exit $$failed
no_such_test:
	@echo 'no test $(TEST) in test/unit' >&2; exit 1

# The shadow memory of the thread sanitizer has no room for every random layout.
RUN_TEST := $(if $(findstring thread,$(SAN)),$(shell setarch -R true && echo setarch -R))

# FUZZ_SECONDS for each decoder; needs clang.
FUZZ_SECONDS ?= 20
build/fuzz/%: test/fuzz/%.c $(wildcard src/cql/*.c src/cql/*.h)
	@mkdir -p $(@D)
	clang -std=gnu11 -O1 -g -Wall -Wextra -Werror -iquote src -DCORE_ASSERTS -fsanitize=fuzzer,address,undefined \
		-fno-sanitize-recover=all -o $@ $< $(wildcard src/cql/*.c) -llz4 -lz

fuzz: $(FUZZERS)
	@for fuzzer in $(FUZZERS); do echo "== $$fuzzer"; mkdir -p build/corpus/$$(basename $$fuzzer); \
		$$fuzzer -max_total_time=$(FUZZ_SECONDS) -rss_limit_mb=1024 -verbosity=0 -print_final_stats=0 \
		-artifact_prefix=build/ \
		build/corpus/$$(basename $$fuzzer) || exit 1; done

# The converters behind SQL functions, without a cluster.
convertercheck:
	$(MAKE) -C test/converter PG_CONFIG=$(PG_CONFIG) SAN=$(SAN) all installcheck

# Says what is missing before pg_regress fails for it.
installcheck: installcheck_ready
installcheck_ready:
	@PG_CONFIG=$(PG_CONFIG) dev/installcheck_ready

lint: $(CORE_OBJS)
	dev/lint $(CORE_BUILD)

help:
	@echo 'make                      build the extension; WERROR=1: warnings are errors; ASSERTS=1: invariants are checked'
	@echo 'make install              install it into the server of PG_CONFIG; uninstall takes it out'
	@echo 'make installcheck         regression tests on a running server; SCYLLA_HOST, SCYLLA_PORT name the cluster'
	@echo '     REGRESS="join keys"  these alone'
	@echo 'make convertercheck       tests of the converters on a running server, without a cluster'
	@echo 'make unitcheck            tests of the core; SAN=address,undefined or SAN=thread; unitbuild only builds them'
	@echo 'make unit TEST=...        one of them, as cluster/route, or those of one layer, as cluster'
	@echo 'make fuzz                 fuzz the decoders for FUZZ_SECONDS each'
	@echo 'make lint                 rules that the compiler does not know; dev/format mends the format'
	@echo 'make node                 build the scriptable CQL node, and what else TAP tests need'
	@echo 'make bench                measure writes and reads beside other clients; bench/run --help for options'
	@echo 'make bench_clients        build what of them is in C'
	@echo 'make clean                remove what was built'
	@echo 'dev/test                  set everything up and run all tests; QUICK=1: within five minutes'
	@echo 'dev/demo                  set everything up and run the main job'

-include $(CORE_OBJS:.o=.d) $(CHECKED_OBJS:.o=.d) $(FDW_OBJS:.o=.d) $(ALLOC_OBJS:.o=.d) $(REJECT_OBJS:.o=.d) $(ABORTS_OBJS:.o=.d)
-include $(foreach build,$(sort $(CORE_BUILD) $(CHECKED)),$(patsubst %.c,$(build)/%.d,$(wildcard test/node/*.c)))
-include $(UNIT_TESTS:$(BUILD)/unit/%=$(CHECKED)/test/unit/%.d)
