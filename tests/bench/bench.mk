# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The oci-vtpm authors

# Benchmarks: built and run only on request.

bench_programs = tests/bench/stopwatch tests/bench/roundtrip tests/bench/await-node
EXTRA_PROGRAMS += $(bench_programs)
CLEANFILES += bench.json

tests_bench_stopwatch_SOURCES = tests/bench/stopwatch.c
tests_bench_stopwatch_LDADD = lib/liblib.a
tests_bench_roundtrip_SOURCES = tests/bench/roundtrip.c
tests_bench_roundtrip_LDADD = emulator/libemulator.a lib/liblib.a
tests_bench_await_node_SOURCES = tests/bench/await_node.c
tests_bench_await_node_LDADD = lib/liblib.a

.PHONY: bench
bench: $(bench_programs)
	$(srcdir)/tests/bench/run --programs tests/bench $(BENCHFLAGS)

EXTRA_DIST += tests/bench/run tests/bench/guest tests/bench/peer tests/bench/report.jq
