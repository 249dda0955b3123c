#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The oci-vtpm authors
#
# The emulator dies at each of its fault points, in each kind of command, and the
# client notices nothing. The supervisor dies at each of its own, and no acknowledged
# change is lost.

# shellcheck source=tests/fault/harness.sh
. "$(dirname "$0")/../harness.sh"

# Each leaves something else behind: nothing; volatile state; permanent state; both.
kinds=(random pcr nv-write nv-counter nv-orderly hash session key)

install_fault_points() {
	local program
	for program in vtpm-emulator vtpm-supervisor; do
		install -m 755 "$WORK/bin/$program" "/usr/libexec/oci-vtpm/$program"
	done
	# What all of its processes map; see emulator/fault_points.h.
	head -c 64 /dev/zero >/run/oci-vtpm.fault
	chmod 666 /run/oci-vtpm.fault
}

# Counts it if somebody died there.
meet_point() { # KIND POINT KILLS
	kill_emulators --point "$2" --count "$3" >"$VM_OUT/killer-points.log" 2>&1 ||
		fail "$(<"$VM_OUT/killer-points.log")"
	kill -0 "$client" || fail "$(complaints "$VM_OUT/points-$1.log")"
	if grep -q '^reached' "$VM_OUT/killer-points.log"; then
		printf '%s %s\n' "$2" "$1" >>"$WORK/reached"
	fi
}

# At each point an emulator dies that is well, and then one that finishes what one
# before it was killed in.
emulator_points() { # KIND
	local log=$VM_OUT/points-$1.log point i
	start_vtpm "$runtime" "$id"
	start_client "$log" --activities "$1" --verify-every 20
	for ((i = 0; i < count; i++)); do
		for point in "${points[@]}"; do
			meet_point "$1" "$point" 0
			meet_point "$1" "$point" 1
		done
	done
	end_client "$client" || fail "$(complaints "$log")"
	vm_stop "$runtime" "$id"
}

supervisor_point() { # POINT
	local log=$VM_OUT/points-durable.log i
	rm -rf "$WORK/acks"
	mkdir "$WORK/acks"
	for ((i = 0; i <= count; i++)); do
		start_persistent "$WORK/acks"
		start_client "$log" --ledger /acks/ledger --activities "$durable" \
			--seed "$((seed + i))" --steps $((i < count ? 0 : 20))
		((i == count)) || kill_emulators --point "$1" --count 0 >"$VM_OUT/killer-points.log" || true
		! grep -q '^reached' "$VM_OUT/killer-points.log" || printf '%s durable\n' "$1" >>"$WORK/reached"
		wait "$client" || ((i < count)) || fail "$(complaints "$log")"
		grep -q '^mismatches 0$' "$log" || fail "$(complaints "$log")"
		vm_stop "$runtime" "$id"
		wait_nothing_left
	done
}

# A point that no command comes to would be tested by nobody.
all_points_reached() {
	local point
	for point in "${points[@]}" "${supervisor_points[@]}"; do
		grep -q "^$point " "$WORK/reached" || fail "no command came to the point $point"
	done
}

matrix() {
	local point kind
	printf '%-20s' deaths && printf '%11s' "${kinds[@]}" durable && echo
	for point in "${points[@]}" "${supervisor_points[@]}"; do
		printf '%-20s' "$point"
		for kind in "${kinds[@]}" durable; do
			printf '%11s' "$(grep -cx "$point $kind" "$WORK/reached")"
		done
		echo
	done
}

count=${2:-1}
RANDOM=$((seed % 32768))
mapfile -t all_points < <("$WORK/bin/vtpm-emulator" --help | sed '1,/^Fault points:/d')
if ((${#all_points[@]} == 0)); then
	echo 'the emulator has no fault points'
	exit 1
fi
points=() supervisor_points=()
for point in "${all_points[@]}"; do
	case $point in
	supervisor-*) supervisor_points+=("$point") ;;
	*) points+=("$point") ;;
	esac
done
install_fault_points
: >"$WORK/reached"
for kind in "${kinds[@]}"; do
	run_test "the emulator dies at every point, in commands of $kind" emulator_points "$kind"
done
for point in "${supervisor_points[@]}"; do
	run_test "the supervisor dies at $point" supervisor_point "$point"
done
run_test 'every point was come to' all_points_reached
matrix >"$VM_OUT/report"
show_report
finish
