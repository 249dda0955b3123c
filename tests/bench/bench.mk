# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The oci-vtpm authors

# Benchmarks: built and run only on request.

bench_programs = tests/bench/stopwatch tests/bench/roundtrip tests/bench/await-node \
	tests/bench/state-cost tests/bench/restart-time
EXTRA_PROGRAMS += $(bench_programs)
CLEANFILES += bench.json

tests_bench_stopwatch_SOURCES = tests/bench/stopwatch.c tests/bench/bench_clock.h
tests_bench_stopwatch_LDADD = lib/liblib.a
tests_bench_roundtrip_SOURCES = tests/bench/roundtrip.c tests/bench/bench_clock.h \
	tests/bench/bench_commands.c tests/bench/bench_commands.h
tests_bench_roundtrip_LDADD = emulator/libemulator.a lib/liblib.a
tests_bench_await_node_SOURCES = tests/bench/await_node.c
tests_bench_await_node_LDADD = lib/liblib.a
tests_bench_state_cost_SOURCES = tests/bench/state_cost.c tests/bench/bench_clock.h \
	tests/bench/bench_commands.c tests/bench/bench_commands.h
tests_bench_state_cost_LDADD = emulator/libemulator.a emulator/libstore.a lib/liblib.a \
	$(LIBTPMS_LIBS) $(LIBCRYPTO_LIBS)
tests_bench_restart_time_SOURCES = tests/bench/restart_time.c tests/bench/bench_clock.h
tests_bench_restart_time_LDADD = lib/liblib.a $(JSON_C_LIBS)

.PHONY: bench
bench: $(bench_programs) $(internal_PROGRAMS)
	$(srcdir)/tests/bench/run --programs tests/bench --built . $(BENCHFLAGS)

EXTRA_DIST += tests/bench/run tests/bench/guest tests/bench/host \
	tests/bench/identity tests/bench/peer tests/bench/report.jq
