# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The oci-vtpm authors

# oci-vtpm-hook, and how engines find it.

noinst_LIBRARIES += hook/libhook.a
hook_libhook_a_SOURCES = \
	hook/ca_process.c hook/ca_process.h \
	hook/cgroup_paths.c hook/cgroup_paths.h \
	hook/container_dev.c hook/container_dev.h \
	hook/container_process.c hook/container_process.h \
	hook/device_cgroup.c hook/device_cgroup.h hook/device_cgroup_internal.h \
	hook/device_cgroup_v1.c hook/device_cgroup_v2.c \
	hook/device_filter.c hook/device_filter.h \
	hook/existing_vtpm.c hook/existing_vtpm.h \
	hook/hook_options.c hook/hook_options.h \
	hook/hook_start.c hook/hook_start.h \
	hook/hook_stop.c hook/hook_stop.h \
	hook/instance_setup.c hook/instance_setup.h \
	hook/manufacture_process.c hook/manufacture_process.h \
	hook/new_tpm.c hook/new_tpm.h \
	hook/oci_bundle.c hook/oci_bundle.h \
	hook/oci_state.c hook/oci_state.h \
	hook/pod_name.c hook/pod_name.h \
	hook/supervisor_process.c hook/supervisor_process.h \
	hook/vtpm_record.c hook/vtpm_record.h \
	hook/vtpm_spec.c hook/vtpm_spec.h

hook_PROGRAMS = oci-vtpm-hook
oci_vtpm_hook_SOURCES = hook/hook_main.c
oci_vtpm_hook_LDADD = hook/libhook.a driver/libdriver.a lib/liblib.a $(JSON_C_LIBS) $(LIBBPF_LIBS)

dist_man_MANS += man/oci-vtpm-hook.8

hooks_DATA = contrib/hooks.d/oci-vtpm.json contrib/hooks.d/oci-vtpm-poststop.json
sysusers_DATA = contrib/systemd/oci-vtpm.conf
CLEANFILES += $(hooks_DATA) $(sysusers_DATA)
EXTRA_DIST += \
	contrib/hooks.d/oci-vtpm.json.in \
	contrib/hooks.d/oci-vtpm-poststop.json.in \
	contrib/systemd/oci-vtpm.conf.in

substitute = $(AM_V_GEN)$(MKDIR_P) $(@D) && \
	$(SED) -e 's|@bindir[@]|$(bindir)|g' -e 's|@hookdir[@]|$(hookdir)|g' \
		-e 's|@vtpm_user[@]|$(vtpm_user)|g' -e 's|@vtpm_ca_user[@]|$(vtpm_ca_user)|g' \
		-e 's|@localstatedir[@]|$(localstatedir)|g' \
		$(srcdir)/$@.in > $@.tmp && mv $@.tmp $@

contrib/hooks.d/oci-vtpm.json: contrib/hooks.d/oci-vtpm.json.in Makefile
	$(substitute)
contrib/hooks.d/oci-vtpm-poststop.json: contrib/hooks.d/oci-vtpm-poststop.json.in Makefile
	$(substitute)
contrib/systemd/oci-vtpm.conf: contrib/systemd/oci-vtpm.conf.in Makefile
	$(substitute)

tests_unit_unit_tests_SOURCES += \
	tests/unit/cgroup_paths_test.c \
	tests/unit/container_dev_test.c \
	tests/unit/container_process_test.c \
	tests/unit/device_cgroup_v1_test.c \
	tests/unit/device_cgroup_v2_test.c \
	tests/unit/device_filter_test.c \
	tests/unit/existing_vtpm_test.c \
	tests/unit/hook_options_test.c \
	tests/unit/instance_setup_test.c \
	tests/unit/manufacture_process_test.c \
	tests/unit/oci_bundle_test.c \
	tests/unit/oci_state_test.c \
	tests/unit/pod_name_test.c \
	tests/unit/vtpm_spec_test.c
