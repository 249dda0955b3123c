#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The oci-vtpm authors
#
# Emulators are killed at random, and a client that uses the TPM notices nothing.

# shellcheck source=tests/fault/harness.sh
. "$(dirname "$0")/../harness.sh"

emulator_killed() { # COUNT DEVICE [CLIENT-OPTION]...
	local kills=$1 device=$2 status=0
	local log=$VM_OUT/emulator-${device##*/}.log killer_log=$VM_OUT/killer-${device##*/}.log
	shift 2
	start_vtpm "$runtime" "$id"
	start_client "$log" --device "$device" "$@"
	kill_emulators --count "$kills" --seed "$seed" >"$killer_log" 2>&1 || status=$?
	end_client || status=$?
	report "$kills kills, $device" "$killer_log" "$log"
	((status == 0)) || fail "$(complaints "$log" "$killer_log")"
	vm_stop "$runtime" "$id"
}

count=${2:-150}
for device in /dev/tpm0 /dev/tpmrm0; do
	run_test "$count kills, $device" emulator_killed "$count" "$device"
done
show_report
finish
