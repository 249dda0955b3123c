# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The oci-vtpm authors

# The certificate authority for endorsement keys.

## It wants $(LIBCRYPTO_LIBS).
noinst_LIBRARIES += ca/libca.a
ca_libca_a_SOURCES = \
	ca/binding.c ca/binding.h \
	ca/ca.c ca/ca.h \
	ca/ca_certificate.c ca/ca_certificate.h \
	ca/ca_counter.c ca/ca_counter.h \
	ca/ca_crl.c ca/ca_crl.h \
	ca/ca_index.c ca/ca_index.h \
	ca/ca_pem.c ca/ca_pem.h \
	ca/certificate.c ca/certificate.h \
	ca/certificate_extensions.c ca/certificate_extensions.h \
	ca/openssl_cleanup.h

tests_unit_unit_tests_SOURCES += \
	tests/unit/binding_test.c \
	tests/unit/ca_counter_test.c \
	tests/unit/ca_index_test.c \
	tests/unit/ca_test.c \
	tests/unit/certificate_test.c
