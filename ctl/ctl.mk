# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The oci-vtpm authors

# vtpmctl.

noinst_LIBRARIES += ctl/libctl.a
ctl_libctl_a_SOURCES = \
	ctl/vtpm_info.c ctl/vtpm_info.h \
	ctl/vtpmctl.h \
	ctl/vtpmctl_inspect.c \
	ctl/vtpmctl_list.c \
	ctl/vtpmctl_options.c ctl/vtpmctl_options.h \
	ctl/vtpmctl_stop.c

bin_PROGRAMS += vtpmctl
vtpmctl_SOURCES = ctl/vtpmctl_main.c
vtpmctl_LDADD = ctl/libctl.a lib/liblib.a $(JSON_C_LIBS) $(SMARTCOLS_LIBS)

dist_man_MANS += man/vtpmctl.1

tests_unit_unit_tests_SOURCES += \
	tests/unit/vtpm_info_test.c \
	tests/unit/vtpmctl_options_test.c
