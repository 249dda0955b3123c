# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The oci-vtpm authors

# vtpm-supervisor and vtpm-emulator.

noinst_LIBRARIES += emulator/libemulator.a
emulator_libemulator_a_SOURCES = \
	emulator/command_relay.c emulator/command_relay.h \
	emulator/control_server.c emulator/control_server.h \
	emulator/emulator_options.c emulator/emulator_options.h \
	emulator/emulator_process.c emulator/emulator_process.h \
	emulator/engine_ek.c emulator/engine_ek.h \
	emulator/engine_pcr_banks.c emulator/engine_pcr_banks.h \
	emulator/event_loop.c emulator/event_loop.h \
	emulator/event_timer.c emulator/event_timer.h \
	emulator/fault_points.c emulator/fault_points.h \
	emulator/journal.c emulator/journal.h \
	emulator/journal_recovery.c emulator/journal_recovery.h \
	emulator/journaled_tpm.c emulator/journaled_tpm.h \
	emulator/request_loop.c emulator/request_loop.h \
	emulator/restart_policy.c emulator/restart_policy.h \
	emulator/sandbox.c emulator/sandbox.h \
	emulator/supervision.c emulator/supervision.h \
	emulator/supervisor.c emulator/supervisor.h \
	emulator/supervisor_actions.c emulator/supervisor_internal.h \
	emulator/supervisor_device.c \
	emulator/supervisor_options.c emulator/supervisor_options.h \
	emulator/supervisor_restart.c emulator/supervisor_state.c \
	emulator/tpm_engine.c emulator/tpm_engine.h \
	emulator/watchdog.c emulator/watchdog.h

## Apart, since vtpmctl needs it too. It wants $(LIBCRYPTO_LIBS).
noinst_LIBRARIES += emulator/libstore.a
emulator_libstore_a_SOURCES = \
	emulator/state_crypto.c emulator/state_crypto.h \
	emulator/state_file.c emulator/state_file.h \
	emulator/store.c emulator/store.h \
	emulator/store_commit.c emulator/store_internal.h \
	emulator/store_list.c \
	emulator/store_meta.c emulator/store_meta.h \
	emulator/store_place.c \
	emulator/store_read.c \
	emulator/store_remove.c

internal_PROGRAMS += vtpm-supervisor vtpm-emulator

vtpm_supervisor_SOURCES = emulator/supervisor_main.c
vtpm_supervisor_LDADD = emulator/libemulator.a driver/libdevice.a \
	emulator/libstore.a lib/liblib.a $(LIBCRYPTO_LIBS) $(FUSE_LIBS)

vtpm_emulator_SOURCES = emulator/emulator_main.c
vtpm_emulator_LDADD = emulator/libemulator.a lib/liblib.a \
	$(LIBTPMS_LIBS) $(LIBCRYPTO_LIBS) $(LIBSECCOMP_LIBS)

tests_unit_unit_tests_SOURCES += \
	tests/unit/command_relay_test.c \
	tests/unit/control_server_test.c \
	tests/unit/emulator_options_test.c \
	tests/unit/emulator_process_test.c \
	tests/unit/emulator_sandbox_test.c \
	tests/unit/engine_ek_test.c \
	tests/unit/engine_pcr_banks_test.c \
	tests/unit/event_loop_test.c \
	tests/unit/event_timer_test.c \
	tests/unit/journal_recovery_test.c \
	tests/unit/journal_test.c \
	tests/unit/journaled_tpm_test.c \
	tests/unit/request_loop_test.c \
	tests/unit/restart_policy_test.c \
	tests/unit/state_file_test.c \
	tests/unit/store_commit_test.c \
	tests/unit/store_damage_test.c \
	tests/unit/store_fixture.h \
	tests/unit/store_list_test.c \
	tests/unit/store_meta_test.c \
	tests/unit/store_test.c \
	tests/unit/supervision_test.c \
	tests/unit/supervisor_fixture.c tests/unit/supervisor_fixture.h \
	tests/unit/supervisor_options_test.c \
	tests/unit/supervisor_restart_test.c \
	tests/unit/supervisor_start_test.c \
	tests/unit/supervisor_state_test.c \
	tests/unit/supervisor_test.c \
	tests/unit/tpm_engine_test.c \
	tests/unit/watchdog_test.c \
	tests/unit/tpm_commands.h

if HAVE_CRITERION
check_PROGRAMS += tests/unit/fake-emulator
endif
tests_unit_fake_emulator_SOURCES = tests/unit/fake_emulator.c
tests_unit_fake_emulator_LDADD = emulator/libemulator.a lib/liblib.a
