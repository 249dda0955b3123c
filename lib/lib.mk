# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The oci-vtpm authors

# What two programs share. Who uses libcrypto.c wants $(LIBCRYPTO_LIBS).

noinst_LIBRARIES += lib/liblib.a
lib_liblib_a_SOURCES = \
	lib/base_dirs.c lib/base_dirs.h \
	lib/big_endian.h \
	lib/certificate_request.h \
	lib/certify_message.c lib/certify_message.h \
	lib/channel.c lib/channel.h \
	lib/child.c lib/child.h \
	lib/cleanup.h \
	lib/control_client.c lib/control_client.h \
	lib/deadline.c lib/deadline.h \
	lib/device_number.h \
	lib/error.c lib/error.h \
	lib/host_config.c lib/host_config.h \
	lib/host_key.c lib/host_key.h \
	lib/host_key_access.c lib/host_key_access.h \
	lib/instance_id.c lib/instance_id.h \
	lib/instance_lock.c lib/instance_lock.h \
	lib/json.c lib/json.h \
	lib/libcrypto.c lib/libcrypto.h \
	lib/log.c lib/log.h \
	lib/manufacture_spec.c lib/manufacture_spec.h \
	lib/names.c lib/names.h \
	lib/options.c lib/options.h \
	lib/pool_list.c lib/pool_list.h \
	lib/privilege.c lib/privilege.h \
	lib/protocol.h \
	lib/rundir.c lib/rundir.h \
	lib/secret_bytes.h \
	lib/tpm_header.c lib/tpm_header.h \
	lib/tpm_seed.c lib/tpm_seed.h \
	lib/tpm_version.c lib/tpm_version.h \
	lib/uuid.c lib/uuid.h \
	lib/whole_file.c lib/whole_file.h

tests_unit_unit_tests_SOURCES += \
	tests/unit/base_dirs_test.c \
	tests/unit/big_endian_test.c \
	tests/unit/certify_message_test.c \
	tests/unit/channel_test.c \
	tests/unit/child_test.c \
	tests/unit/control_client_test.c \
	tests/unit/deadline_test.c \
	tests/unit/error_test.c \
	tests/unit/host_config_test.c \
	tests/unit/host_key_access_test.c \
	tests/unit/host_key_fixture.h \
	tests/unit/host_key_test.c \
	tests/unit/instance_id_test.c \
	tests/unit/instance_lock_test.c \
	tests/unit/json_test.c \
	tests/unit/libcrypto_test.c \
	tests/unit/lock_waiter.h \
	tests/unit/log_test.c \
	tests/unit/manufacture_spec_test.c \
	tests/unit/names_test.c \
	tests/unit/options_test.c \
	tests/unit/pool_list_test.c \
	tests/unit/privilege_test.c \
	tests/unit/rundir_test.c \
	tests/unit/tpm_header_test.c \
	tests/unit/tpm_seed_test.c \
	tests/unit/tpm_version_test.c \
	tests/unit/uuid_test.c \
	tests/unit/whole_file_test.c
