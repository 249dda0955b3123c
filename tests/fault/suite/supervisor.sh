#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The oci-vtpm authors
#
# Supervisors are killed at random, which takes device and TPM along. The container is
# started again, with the same instance: every acknowledged change of something
# non-volatile is there.

# shellcheck source=tests/fault/harness.sh
. "$(dirname "$0")/../harness.sh"

acks=$WORK/acks

use() { # LOG [CLIENT-OPTION]...
	local log=$1
	shift
	start_persistent "$acks"
	start_client "$log" --ledger /acks/ledger --activities "$durable" "$@"
}

kill_one() { # NUMBER
	local log=$VM_OUT/supervisor.log status=0
	use "$log" --device "/dev/$2" --seed "$((seed + $1))"
	kill_emulators --supervisor --seed "$((seed + $1))" --pause 1000000
	wait "$client" || status=$?
	grep -q '^mismatches 0$' "$log" || fail "$(complaints "$log")"
	((status == 1)) || fail "the client ended with $status: $(complaints "$log")"
	vm_stop "$runtime" "$id"
	wait_nothing_left
}

supervisor_killed() { # COUNT DEVICE
	local i
	mkdir -p "$acks"
	rm -f "$acks"/*
	for ((i = 0; i < $1; i++)); do
		kill_one "$i" "$2"
	done
	use "$VM_OUT/supervisor.log" --device "/dev/$2" --steps 20
	wait "$client" || fail "$(complaints "$VM_OUT/supervisor.log")"
	vm_stop "$runtime" "$id"
	printf '%s kills, %s: %s acknowledged changes, none lost\n' "$1" "$2" "$(wc -l <"$acks/ledger")" \
		>>"$VM_OUT/report"
}

count=${2:-20}
run_test "$count kills of the supervisor, tpm0" supervisor_killed "$count" tpm0
show_report
finish
