# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The oci-vtpm authors

# vtpm-emulator.

noinst_LIBRARIES += emulator/libemulator.a
emulator_libemulator_a_SOURCES = \
	emulator/emulator_options.c emulator/emulator_options.h \
	emulator/request_loop.c emulator/request_loop.h \
	emulator/sandbox.c emulator/sandbox.h \
	emulator/tpm_engine.c emulator/tpm_engine.h \
	emulator/tpm_header.c emulator/tpm_header.h

internal_PROGRAMS += vtpm-emulator

vtpm_emulator_SOURCES = emulator/emulator_main.c
vtpm_emulator_LDADD = emulator/libemulator.a lib/liblib.a \
	$(LIBTPMS_LIBS) $(LIBCRYPTO_LIBS) $(LIBSECCOMP_LIBS)

tests_unit_unit_tests_SOURCES += \
	tests/unit/emulator_options_test.c \
	tests/unit/emulator_sandbox_test.c \
	tests/unit/request_loop_test.c \
	tests/unit/tpm_engine_test.c \
	tests/unit/tpm_header_test.c \
	tests/unit/tpm_commands.h

