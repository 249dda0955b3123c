# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The oci-vtpm authors

# Tests of drivers at their interface, which run in the VM (tests/vm/suite/driver-*.sh).

tests_driver_interface_SOURCES = \
	tests/driver/checks.h \
	tests/driver/client_checks.c \
	tests/driver/control_checks.c \
	tests/driver/interface.c \
	tests/driver/lifetime_checks.c \
	tests/driver/pair.c tests/driver/pair.h \
	tests/driver/server_checks.c
tests_driver_interface_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/driver
tests_driver_interface_LDADD = driver/libdriver.a lib/liblib.a

tests_driver_stress_SOURCES = tests/driver/pair.c tests/driver/pair.h tests/driver/stress.c
tests_driver_stress_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/driver
tests_driver_stress_LDADD = driver/libdriver.a lib/liblib.a

driver_test_programs = tests/driver/interface tests/driver/stress
check_PROGRAMS += $(driver_test_programs)

.PHONY: driver-tests
driver-tests: $(driver_test_programs)
