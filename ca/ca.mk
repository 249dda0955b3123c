# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The oci-vtpm authors

# The certificate authority for endorsement keys.

## It wants $(LIBCRYPTO_LIBS) $(JSON_C_LIBS).
noinst_LIBRARIES += ca/libca.a
ca_libca_a_SOURCES = \
	ca/binding.c ca/binding.h \
	ca/ca.c ca/ca.h \
	ca/ca_certificate.c ca/ca_certificate.h \
	ca/ca_command.c ca/ca_command.h \
	ca/ca_config.c ca/ca_config.h \
	ca/ca_counter.c ca/ca_counter.h \
	ca/ca_crl.c ca/ca_crl.h \
	ca/ca_index.c ca/ca_index.h \
	ca/ca_pem.c ca/ca_pem.h \
	ca/ca_token.c ca/ca_token.h \
	ca/certificate.c ca/certificate.h \
	ca/certificate_extensions.c ca/certificate_extensions.h \
	ca/openssl_cleanup.h \
	ca/request_json.c ca/request_json.h

internal_PROGRAMS += vtpm-ca

vtpm_ca_SOURCES = ca/vtpm_ca_main.c
vtpm_ca_LDADD = ca/libca.a lib/liblib.a $(LIBCRYPTO_LIBS) $(JSON_C_LIBS)

dist_man_MANS += man/vtpm-ca.8

tests_unit_unit_tests_SOURCES += \
	tests/unit/binding_test.c \
	tests/unit/ca_command_test.c \
	tests/unit/ca_config_test.c \
	tests/unit/ca_counter_test.c \
	tests/unit/ca_index_test.c \
	tests/unit/ca_test.c \
	tests/unit/certificate_test.c
