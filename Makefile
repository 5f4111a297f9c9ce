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

CORE_SOURCES := $(wildcard src/cql/*.c src/net/*.c src/cluster/*.c src/pipeline/*.c)
CORE_OBJS := $(CORE_SOURCES:%.c=$(BUILD)/%.o)
FDW_OBJS := scylla_fdw.o $(patsubst %.c,%.o,$(wildcard src/fdw/*/*.c))
OBJS := $(FDW_OBJS) $(CORE_OBJS)

# Callback signatures are given by PostgreSQL and libuv: unused parameters are their business.
# With WERROR=1, as dev/test has it, warnings are errors; a newer compiler's do not stop a user's build.
WARNINGS = -Wall -Wextra -Wno-unused-parameter -Wmissing-prototypes $(if $(WERROR),-Werror)
SAN_FLAGS := $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all)
CORE_CFLAGS = -std=gnu11 $(if $(SAN),-O1,-O2) -g $(WARNINGS) -fPIC -fvisibility=hidden -pthread \
	-iquote src -MMD -MP $(SAN_FLAGS)
CORE_LIBS = -luv -llz4 -lz -lpthread

REGRESS ?= $(patsubst sql/%.sql,%,$(filter-out sql/scylla_fdw--%.sql sql/vector.sql sql/nearest.sql,$(sort $(wildcard sql/*.sql)))) $(PGVECTOR)
REGRESS_OPTS = --inputdir=. --load-extension=scylla_fdw
EXTRA_CLEAN = build $(wildcard src/fdw/*/*.d) scylla_fdw.d $(wildcard test/alloc/*.[od])

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

.DEFAULT_GOAL := all

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CORE_CFLAGS) -c -o $@ $<

# ---- tests of the core ----

NODE_OBJS := $(patsubst %.c,$(BUILD)/%.o,$(filter-out test/node/main.c,$(wildcard test/node/*.c)))
UNIT_TESTS := $(patsubst test/unit/%.c,$(BUILD)/unit/%,$(wildcard test/unit/*/*_test.c))
FUZZERS := $(patsubst test/fuzz/%.c,build/fuzz/%,$(wildcard test/fuzz/*_fuzz.c))
$(BUILD)/test/%.o: CORE_CFLAGS += -iquote test/node -iquote test/unit

$(BUILD)/libcore.a: $(CORE_OBJS)
	rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/libnode.a: $(NODE_OBJS)
	rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/unit/%: $(BUILD)/test/unit/%.o $(BUILD)/libnode.a $(BUILD)/libcore.a
	@mkdir -p $(@D)
	$(CC) $(SAN_FLAGS) -o $@ $^ -lcmocka $(CORE_LIBS)

$(BUILD)/cql_node: $(BUILD)/test/node/main.o $(BUILD)/libnode.a $(BUILD)/libcore.a
	$(CC) $(SAN_FLAGS) -o $@ $^ $(CORE_LIBS)

$(BUILD)/bench_floor: $(BUILD)/bench/peers/floor.o $(BUILD)/libcore.a
	$(CC) $(SAN_FLAGS) -o $@ $^ $(CORE_LIBS)

# The extension with allocations that a test has fail. The same objects, other ends: see test/alloc.
WRAPPED := $(shell sed -nE 's/^WRAP[A-Z_]*.[^,]*, ([A-Za-z_0-9]+),.*/\1/p' test/alloc/wrap.c)
ALLOC_OBJS := test/alloc/alloc.o test/alloc/wrap.o
test/alloc/%.o: override CFLAGS += -Wno-missing-prototypes
$(BUILD)/alloc.so: $(OBJS) $(ALLOC_OBJS)
	$(CC) $(CFLAGS) -shared -o $@ $^ $(WRAPPED:%=-Wl,--wrap=%) $(LDFLAGS) $(SHLIB_LINK) -ldl

# A name service that tests hold up.
$(BUILD)/slow_dns.so: test/t/slow_dns.c
	@mkdir -p $(@D)
	$(CC) $(CORE_CFLAGS) -fvisibility=default -shared -o $@ $< -ldl

.PRECIOUS: $(BUILD)/%.o $(BUILD)/test/unit/%.o
.PHONY: installcheck_ready convertercheck unitbuild unitcheck node bench bench_clients lint fuzz help

node: $(BUILD)/cql_node $(BUILD)/slow_dns.so $(BUILD)/alloc.so

bench_clients: $(BUILD)/bench_floor

bench:
	bench/run

unitbuild: $(UNIT_TESTS)

unitcheck: $(UNIT_TESTS)
	@failed=0; for test in $(UNIT_TESTS); do echo "== $$test"; $$test || failed=1; done; exit $$failed

# FUZZ_SECONDS for each decoder; needs clang.
FUZZ_SECONDS ?= 20
build/fuzz/%: test/fuzz/%.c $(wildcard src/cql/*.c src/cql/*.h)
	@mkdir -p $(@D)
	clang -std=gnu11 -O1 -g -Wall -Wextra -Werror -iquote src -fsanitize=fuzzer,address,undefined \
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
	dev/lint $(BUILD)

help:
	@echo 'make [SAN=...]        build the extension; WERROR=1: warnings are errors'
	@echo 'make install          install it into the server of PG_CONFIG'
	@echo 'make installcheck     regression tests on a running server; SCYLLA_HOST, SCYLLA_PORT name the cluster'
	@echo 'make convertercheck   tests of the converters on a running server, without a cluster'
	@echo 'make unitcheck        tests of the core; SAN=address,undefined or SAN=thread'
	@echo 'make fuzz             fuzz the decoders for FUZZ_SECONDS each'
	@echo 'make lint             rules that the compiler does not know'
	@echo 'make node             build the scriptable CQL node, and what else TAP tests need'
	@echo 'make bench            measure writes and reads beside other clients; bench/run --help for options'
	@echo 'dev/test, dev/demo    set everything up and run all tests, or the main job'

-include $(CORE_OBJS:.o=.d) $(FDW_OBJS:.o=.d) $(NODE_OBJS:.o=.d) $(ALLOC_OBJS:.o=.d) $(UNIT_TESTS:$(BUILD)/unit/%=$(BUILD)/test/unit/%.d)
