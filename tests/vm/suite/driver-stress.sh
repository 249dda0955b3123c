#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The oci-vtpm authors
#
# driver-stress.sh [--cycles N] [--parallel N] [--seed N] [--loads N]
#
# Device pairs whose servers and clients are killed at random, by hundreds at a time, and
# the module unloaded and loaded between. Nothing may be left of them in the kernel.
# Programs are taken from $VM_TOP/build/driver-tests (contrib/run-tests builds them).

set -uo pipefail
programs=${DRIVER_TESTS:-$VM_TOP/build/driver-tests}/tests/driver
declare -A options=([cycles]=800 [parallel]=400 [seed]=$RANDOM [loads]=20)
passed=0
failed=0

while (($#)); do
	[[ $1 == --* && ${options[${1#--}]+known} && ${2-} =~ ^[0-9]+$ ]] || {
		printf 'driver-stress.sh: %s is no option, or needs a number\n' "$1" >&2
		exit 2
	}
	options[${1#--}]=$2
	shift 2
done

check() { # NAME COMMAND...
	local name=$1 output start=$EPOCHREALTIME
	shift
	if output=$("$@" 2>&1); then
		passed=$((passed + 1))
		printf 'ok - %s (%d ms)%s\n' "$name" "$(((${EPOCHREALTIME/./} - ${start/./}) / 1000))" \
			"${output:+: $output}"
	else
		failed=$((failed + 1))
		printf 'not ok - %s\n%s\n' "$name" "$output"
	fi
}

load() {
	modprobe tpm_vtpm_proxy
	[[ $VM_VTPM_PROXY != ours ]] || grep -q O /sys/module/tpm_vtpm_proxy/taint
}

no_device_left() {
	! find /sys/class/tpm /sys/class/tpmrm -mindepth 1 2>/dev/null | grep .
}

unload() {
	[[ $(</sys/module/tpm_vtpm_proxy/refcnt) == 0 ]] && rmmod tpm_vtpm_proxy
}

load_and_unload() {
	local i
	for ((i = 0; i < options[loads]; i++)); do
		load && "$programs/stress" 4 4 "$i" >/dev/null && unload || return
	done
}

# In pages: what cannot be given back, and so would be lost.
unreclaimable() {
	echo 3 >/proc/sys/vm/drop_caches
	sed -n 's/^SUnreclaim: *\([0-9]*\) kB/\1/p' /proc/meminfo
}

# Of as many cycles as before; a chip with its buffers is 50 KiB, so that one in ten would
# show.
nothing_leaks() {
	local before after
	before=$(unreclaimable)
	"$programs/stress" "${options[cycles]}" "${options[parallel]}" "$((options[seed] + 1))" || return
	after=$(unreclaimable)
	printf ', %d KiB before, %d after\n' "$before" "$after"
	((after - before < options[cycles] * 5 + 2048))
}

# Where the kernel can tell (tests/vm/debug-kernel). What was allocated a moment ago is no leak
# yet for the first scan.
nothing_is_leaked() {
	local leaks=/sys/kernel/debug/kmemleak
	mountpoint -q /sys/kernel/debug || mount -t debugfs debugfs /sys/kernel/debug
	echo scan >"$leaks" && echo scan >"$leaks" && ! grep . "$leaks"
}

kernel_is_content() {
	! dmesg | grep -E 'BUG|WARNING|Oops|general protection|hung_task|blocked for more than|possible circular|suspicious|INFO: |kmemleak: [0-9]+ new'
}

echo "seed ${options[seed]}"
check 'the module is loaded' load
check 'pairs are made and killed' \
	"$programs/stress" "${options[cycles]}" "${options[parallel]}" "${options[seed]}"
check 'the same again takes no memory' nothing_leaks
check 'no device is left' no_device_left
check 'the module can be unloaded' unload
check 'it is loaded, used and unloaded again and again' load_and_unload
! grep -qw kmemleak_scan /proc/kallsyms ||
	check 'kmemleak finds nothing' nothing_is_leaked
check 'the kernel has nothing to complain of' kernel_is_content
printf '%d passed, %d failed\n' "$passed" "$failed"
((failed == 0))
