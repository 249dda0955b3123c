# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The oci-vtpm authors

# vtpmctl.

noinst_LIBRARIES += ctl/libctl.a
ctl_libctl_a_SOURCES = \
	ctl/ca_access.c ctl/ca_access.h \
	ctl/host_key_change.c ctl/host_key_change.h \
	ctl/kept_info.c ctl/kept_info.h \
	ctl/native_file.c ctl/native_file.h \
	ctl/overview.c ctl/overview.h \
	ctl/permanent_state.c ctl/permanent_state.h \
	ctl/pool_config.c ctl/pool_config.h \
	ctl/pool_work.c ctl/pool_work.h \
	ctl/rekey_work.c ctl/rekey_work.h \
	ctl/store_user.c ctl/store_user.h \
	ctl/swtpm_cipher.c ctl/swtpm_cipher.h \
	ctl/swtpm_dir.c ctl/swtpm_dir.h \
	ctl/swtpm_file.c ctl/swtpm_file.h \
	ctl/table.h \
	ctl/transfer_secret.c ctl/transfer_secret.h \
	ctl/transfer_source.c ctl/transfer_source.h \
	ctl/vtpm_info.c ctl/vtpm_info.h \
	ctl/vtpmctl.h \
	ctl/vtpmctl_ca_crl.c \
	ctl/vtpmctl_ca_init.c \
	ctl/vtpmctl_ca_list.c \
	ctl/vtpmctl_ca_renew.c \
	ctl/vtpmctl_ca_revoke.c \
	ctl/vtpmctl_ca_show.c \
	ctl/vtpmctl_commands.c ctl/vtpmctl_commands.h \
	ctl/vtpmctl_ek.c \
	ctl/vtpmctl_export.c \
	ctl/vtpmctl_import.c \
	ctl/vtpmctl_inspect.c \
	ctl/vtpmctl_list.c \
	ctl/vtpmctl_options.c ctl/vtpmctl_options.h \
	ctl/vtpmctl_pool_drain.c \
	ctl/vtpmctl_pool_fill.c \
	ctl/vtpmctl_pool_status.c \
	ctl/vtpmctl_prune.c \
	ctl/vtpmctl_rekey.c \
	ctl/vtpmctl_resume.c \
	ctl/vtpmctl_rm.c \
	ctl/vtpmctl_stop.c \
	ctl/x509_text.c ctl/x509_text.h

bin_PROGRAMS += vtpmctl
vtpmctl_SOURCES = ctl/vtpmctl_main.c
vtpmctl_LDADD = ctl/libctl.a hook/libhook.a ca/libca.a emulator/libstore.a lib/liblib.a \
	$(JSON_C_LIBS) $(SMARTCOLS_LIBS) $(LIBCRYPTO_LIBS)

dist_man_MANS += man/vtpmctl.1

## `substitute` is hook.mk's.
dist_systemdsystemunit_DATA = contrib/systemd/oci-vtpm-prune.timer
systemdsystemunit_DATA = contrib/systemd/oci-vtpm-prune.service \
	contrib/systemd/oci-vtpm-pool.service contrib/systemd/oci-vtpm-pool.path
CLEANFILES += $(systemdsystemunit_DATA)
EXTRA_DIST += \
	contrib/systemd/oci-vtpm-pool.path.in \
	contrib/systemd/oci-vtpm-pool.service.in \
	contrib/systemd/oci-vtpm-prune.service.in

contrib/systemd/oci-vtpm-prune.service: contrib/systemd/oci-vtpm-prune.service.in Makefile
	$(substitute)
contrib/systemd/oci-vtpm-pool.service: contrib/systemd/oci-vtpm-pool.service.in Makefile
	$(substitute)
contrib/systemd/oci-vtpm-pool.path: contrib/systemd/oci-vtpm-pool.path.in Makefile
	$(substitute)

tests_unit_unit_tests_SOURCES += \
	tests/unit/brief_supervisor.h \
	tests/unit/host_key_change_test.c \
	tests/unit/kept_info_test.c \
	tests/unit/native_file_test.c \
	tests/unit/permanent_state_test.c \
	tests/unit/pool_config_test.c \
	tests/unit/store_user_test.c \
	tests/unit/swtpm_cipher_test.c \
	tests/unit/swtpm_dir_test.c \
	tests/unit/swtpm_file_test.c \
	tests/unit/transfer_secret_test.c \
	tests/unit/vtpm_info_test.c \
	tests/unit/vtpmctl_ca_test.c \
	tests/unit/vtpmctl_ek_test.c \
	tests/unit/vtpmctl_fixture.h \
	tests/unit/vtpmctl_import_test.c \
	tests/unit/vtpmctl_list_test.c \
	tests/unit/vtpmctl_options_test.c \
	tests/unit/vtpmctl_pool_test.c \
	tests/unit/vtpmctl_prune_test.c \
	tests/unit/vtpmctl_rekey_test.c \
	tests/unit/vtpmctl_resume_test.c \
	tests/unit/vtpmctl_rm_test.c

EXTRA_DIST += tests/unit/swtpm
