#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The oci-vtpm authors
#
# Emulators are killed at random, and a client that uses the TPM notices nothing.

# shellcheck source=tests/fault/harness.sh
. "$(dirname "$0")/../harness.sh"

emulator_killed() { # COUNT DEVICE CLIENTS
	local log=$VM_OUT/emulator-${2##*/}-$3.log killer_log=$VM_OUT/killer-${2##*/}-$3.log
	local status=0 i clients=()
	start_vtpm "$runtime" "$id"
	for ((i = 0; i < $3; i++)); do
		start_client "$log.$i" --device "$2" --client "$i/$3" --seed "$((seed + i))"
		clients+=("$client")
	done
	kill_emulators --count "$1" --seed "$seed" >"$killer_log" 2>&1 || status=$?
	for client in "${clients[@]}"; do
		end_client "$client" || status=$?
	done
	report "$1 kills, $2" "$killer_log" "$log".*
	((status == 0)) || fail "$(complaints "$log".* "$killer_log")"
	vm_stop "$runtime" "$id"
}

count=${2:-100}
run_test "$count kills, /dev/tpm0" emulator_killed "$count" /dev/tpm0 1
run_test "$count kills, /dev/tpmrm0" emulator_killed "$count" /dev/tpmrm0 1
run_test "$count kills, two clients on /dev/tpmrm0" emulator_killed "$count" /dev/tpmrm0 2
show_report
finish
