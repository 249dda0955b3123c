#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The oci-vtpm authors
#
# 50 containers at once, or COUNT: started in parallel, each used, stopped in any order.

. "$(dirname "$0")/harness.sh"

COUNT=${COUNT:-50}

start_one() { # RUNTIME N
	vm_bundle "$WORK/many/$2" --annotation io.oci-vtpm.device=tpm0
	vm_start "$1" "many$2" "$WORK/many/$2"
}

all_at_once() { # RUNTIME
	local n pids=() pid
	mkdir -p "$WORK/many"
	for n in $(seq "$COUNT"); do
		start_one "$1" "$n" &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid"
	done
	assert_equal "$COUNT" "$(vtpmctl list --json | jq '[.[] | select(.state == "serving")] | length')" 'vTPMs in use'

	for n in $(seq "$COUNT"); do
		vm_exec "$1" "many$n" tpm2_getrandom --hex 16
		echo
	done >"$WORK/random"
	assert_equal "$COUNT" "$(grep -cE '^[0-9a-f]{32}$' "$WORK/random")" 'answers'
	assert_equal "$COUNT" "$(sort -u "$WORK/random" | wc -l)" 'different answers'

	# In any order: some by the runtime, some by death of their init, all at once.
	pids=()
	for n in $(seq "$COUNT" | shuf); do
		if ((n % 2)); then
			"$1" delete --force "many$n" &
		else
			kill -KILL "$(vm_pid "$1" "many$n")" &
		fi
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid"
	done
	wait_nothing_left
	for n in $(seq 2 2 "$COUNT"); do
		"$1" delete --force "many$n"
	done
}

start_syslog
for runtime in "${runtimes[@]}"; do
	run_test "$runtime: $COUNT containers at once" all_at_once "$runtime"
done
finish
