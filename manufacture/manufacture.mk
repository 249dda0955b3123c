# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The oci-vtpm authors

# Making TPMs that have an identity.

## It wants $(TSS2_SYS_LIBS) $(LIBTPMS_LIBS) $(LIBCRYPTO_LIBS).
noinst_LIBRARIES += manufacture/libmanufacture.a
manufacture_libmanufacture_a_SOURCES = \
	manufacture/channel_certifier.c manufacture/channel_certifier.h \
	manufacture/ek_template.c manufacture/ek_template.h \
	manufacture/engine_tcti.c manufacture/engine_tcti.h \
	manufacture/manufacture.c manufacture/manufacture.h \
	manufacture/manufacture_1_2.c \
	manufacture/manufacture_2_0.c manufacture/manufacture_internal.h \
	manufacture/public_key.c manufacture/public_key.h

internal_PROGRAMS += vtpm-manufacture

vtpm_manufacture_SOURCES = manufacture/manufacture_main.c
vtpm_manufacture_LDADD = manufacture/libmanufacture.a emulator/libemulator.a lib/liblib.a \
	$(TSS2_SYS_LIBS) $(LIBTPMS_LIBS) $(LIBCRYPTO_LIBS) $(LIBSECCOMP_LIBS)

tests_unit_unit_tests_SOURCES += \
	tests/unit/manufacture_many_test.c \
	tests/unit/manufacture_test.c
