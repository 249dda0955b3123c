# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The oci-vtpm authors

# What kills emulators, supervisors and machines, and the client that must not
# notice. `make check` builds it; tests/fault/run has it run.

tests_fault_stress_SOURCES = \
	tests/fault/activity.h \
	tests/fault/bytes.c tests/fault/bytes.h \
	tests/fault/client.c tests/fault/client.h \
	tests/fault/clock_activity.c \
	tests/fault/command_names.c tests/fault/command_names.h \
	tests/fault/dice.h \
	tests/fault/ecdsa.c tests/fault/ecdsa.h \
	tests/fault/esys_objects.c tests/fault/esys_objects.h \
	tests/fault/hash_activity.c \
	tests/fault/key_activity.c \
	tests/fault/ledger.c tests/fault/ledger.h \
	tests/fault/model.c tests/fault/model.h \
	tests/fault/nv_activity.c \
	tests/fault/pcr_activity.c \
	tests/fault/policy_activity.c \
	tests/fault/random_activity.c \
	tests/fault/progress.c tests/fault/progress.h \
	tests/fault/raw_tpm.c tests/fault/raw_tpm.h \
	tests/fault/session_activity.c \
	tests/fault/stress.c tests/fault/stress.h \
	tests/fault/stress_main.c \
	tests/fault/stress_options.c tests/fault/stress_options.h \
	tests/fault/transient_activity.c \
	tests/fault/transport.c tests/fault/transport.h
tests_fault_stress_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/fault
tests_fault_stress_CFLAGS = $(AM_CFLAGS) $(TSS2_CFLAGS)
tests_fault_stress_LDADD = \
	emulator/libemulator.a lib/liblib.a $(TSS2_LIBS) $(LIBCRYPTO_LIBS)

tests_fault_killer_SOURCES = \
	tests/fault/dice.h \
	tests/fault/killer.c \
	tests/fault/killer_options.c tests/fault/killer_options.h \
	tests/fault/prey.c tests/fault/prey.h \
	tests/fault/progress.c tests/fault/progress.h
tests_fault_killer_LDADD = lib/liblib.a $(JSON_C_LIBS)

tests_fault_power_cut_SOURCES = \
	tests/fault/dice.h \
	tests/fault/power_cut.c \
	tests/fault/write_log.c tests/fault/write_log.h
tests_fault_power_cut_LDADD = lib/liblib.a

if HAVE_TSS2
check_PROGRAMS += tests/fault/stress
endif
check_PROGRAMS += tests/fault/killer tests/fault/power-cut

## What is decided there needs no TPM.
tests_unit_unit_tests_CPPFLAGS += -I$(top_srcdir)/tests/fault
tests_unit_unit_tests_SOURCES += \
	tests/fault/ledger.c tests/fault/ledger.h \
	tests/fault/model.c tests/fault/model.h \
	tests/fault/write_log.c tests/fault/write_log.h \
	tests/unit/fault_ledger_test.c \
	tests/unit/fault_model_test.c \
	tests/unit/fault_write_log_test.c

EXTRA_DIST += tests/fault/harness.sh tests/fault/run tests/fault/suite
