#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The oci-vtpm authors
#
# Each container's TPM is its own, and the processes behind it have what they need
# and nothing else.

. "$(dirname "$0")/harness.sh"

start_two() {
	start_vtpm "$1" one --edit '.process.capabilities.bounding += ["CAP_MKNOD"]
		| .process.capabilities.effective += ["CAP_MKNOD"]
		| .process.capabilities.permitted += ["CAP_MKNOD"]
		| .linux.resources.devices += [{"allow": true, "type": "c", "access": "m"}]'
	start_vtpm "$1" two
}

stop_two() {
	vm_stop "$1" one
	vm_stop "$1" two
}

primary_key() { # RUNTIME ID
	vm_exec "$1" "$2" sh -c 'cd /tmp && tpm2_createprimary -Q -C o -G ecc -c p.ctx &&
		tpm2_flushcontext -t && tpm2_readpublic -c p.ctx -Q -o p.pub && sha256sum <p.pub'
}

keys_differ() { # RUNTIME
	local one two
	start_two "$1"
	one=$(primary_key "$1" one)
	two=$(primary_key "$1" two)
	[[ $one && $one != "$two" ]] || fail "primary keys: '$one' and '$two'"
	assert_equal "$one" "$(primary_key "$1" one)" 'the same template again'
	stop_two "$1"
}

pcrs_are_apart() { # RUNTIME
	local before
	start_two "$1"
	before=$(vm_exec "$1" two tpm2_pcrread sha256:0,1,2,3,4,5,6,7)
	vm_exec "$1" one tpm2_pcrextend 1:sha256=00000000000000000000000000000000000000000000000000000000000000ff
	assert_equal "$before" "$(vm_exec "$1" two tpm2_pcrread sha256:0,1,2,3,4,5,6,7)" "the other's PCRs"
	[[ $before != "$(vm_exec "$1" one tpm2_pcrread sha256:0,1,2,3,4,5,6,7)" ]] || fail 'the extend did nothing'
	stop_two "$1"
}

# The container may make nodes (CAP_MKNOD and the runtime's default device rules
# allow that) but not open them.
others_numbers_are_closed() { # RUNTIME
	local major minor
	start_two "$1"
	while read -r major minor; do
		vm_exec "$1" one mknod "/dev/other$minor" c "$major" "$minor"
		if vm_exec "$1" one sh -c "exec 3<>/dev/other$minor"; then
			fail "container one opened $major:$minor of container two"
		fi
	done < <(vtpmctl inspect two | jq -r '.devices[] | "\(.major) \(.minor)"')
	# The same attempt on its own numbers works, so it is not something else that fails.
	while read -r major minor; do
		vm_exec "$1" one mknod "/dev/own$minor" c "$major" "$minor"
		vm_exec "$1" one sh -c "exec 3<>/dev/own$minor"
	done < <(vtpmctl inspect one | jq -r '.devices[-1] | "\(.major) \(.minor)"')
	stop_two "$1"
}

# Nothing that mknod could name: the files are different file systems.
there_is_no_number() { # RUNTIME
	start_two "$1"
	assert_equal '[null,null]' "$(vtpmctl inspect two | jq -c '[.devices[].major, .devices[].minor]')" 'numbers'
	[[ $(vm_exec "$1" one stat -c %d /dev/tpm0) != "$(vm_exec "$1" two stat -c %d /dev/tpm0)" ]] ||
		fail 'both have the same file system'
	assert_equal 2 "$(fuse_connections | wc -l)" 'file systems'
	stop_two "$1"
}

status_field() { # PID FIELD
	awk -v field="$2:" '$1 == field { print $2 }' "/proc/$1/status"
}

processes_are_confined() { # RUNTIME
	local supervisor emulator pid set
	start_vtpm "$1" one
	supervisor=$(vtpmctl inspect one | jq .supervisorPid)
	emulator=$(vtpmctl inspect one | jq .emulatorPid)
	for pid in "$supervisor" "$emulator"; do
		for set in CapInh CapPrm CapEff CapBnd CapAmb; do
			assert_equal 0000000000000000 "$(status_field "$pid" "$set")" "$set of $pid"
		done
		assert_equal "$(id -u oci-vtpm)" "$(status_field "$pid" Uid)" "Uid of $pid"
		assert_equal '' "$(status_field "$pid" Groups)" "Groups of $pid"
		assert_equal 1 "$(status_field "$pid" NoNewPrivs)" "NoNewPrivs of $pid"
		# Not dumpable: its files in /proc belong to root.
		assert_equal 0 "$(stat -c %u "/proc/$pid/fd")" "owner of /proc/$pid/fd"
		assert_equal '' "$(tr '\0' '\n' <"/proc/$pid/environ")" "environment of $pid"
	done
	assert_equal 2 "$(status_field "$emulator" Seccomp)" 'Seccomp of the emulator'
	assert_equal '3 4' "$(cd "/proc/$emulator/fd" && echo *)" "the emulator's descriptors"
	assert_equal 0000000000000000 "$(status_field "$supervisor" ShdPnd)" 'signals pending'
	# SIGTERM, SIGINT and SIGCHLD are read from a signalfd; nothing else is blocked.
	assert_equal 0000000000014002 "$(status_field "$supervisor" SigBlk)" 'signals the supervisor blocks'
	assert_equal "$supervisor" "$(ps -o sid= -p "$supervisor" | tr -d ' ')" "the supervisor's session"
	assert_equal '/dev/null /dev/null /dev/null' \
		"$(readlink "/proc/$supervisor/fd/0" "/proc/$supervisor/fd/1" "/proc/$supervisor/fd/2" | xargs)" \
		"the supervisor's standard streams"
	vm_stop "$1" one
}

# What the runtime had open must not live on in the supervisor: a pipe, for one,
# would keep its reader waiting.
runtime_descriptors_end() { # RUNTIME
	vm_bundle "$WORK/one" --annotation io.oci-vtpm.device=tpm0 -- true
	mkfifo "$WORK/pipe"
	"$1" run --bundle "$WORK/one" one 7>"$WORK/pipe" </dev/null &
	timeout 60 cat "$WORK/pipe"
	wait $!
	rm "$WORK/pipe"
	wait_nothing_left
}

control_socket_is_private() { # RUNTIME
	local command
	start_vtpm "$1" one
	assert_equal '700 oci-vtpm' "$(stat -c '%a %U' /run/oci-vtpm/one)" '/run/oci-vtpm/one'
	for command in list 'inspect one' 'stop one'; do
		# shellcheck disable=SC2086 # a command and its argument
		if setpriv --reuid nobody --clear-groups vtpmctl $command 2>"$WORK/error"; then
			fail "nobody may: vtpmctl $command"
		fi
		assert_match '/run/oci-vtpm/one: Permission denied' "$(cat "$WORK/error")" "vtpmctl $command"
	done
	vm_exec "$1" one tpm2_getrandom --hex 4
	vm_stop "$1" one
}

start_syslog
for runtime in "${runtimes[@]}"; do
	run_test "$runtime: same template, different keys" keys_differ "$runtime"
	run_test "$runtime: one's PCR does not move the other's" pcrs_are_apart "$runtime"
	if driver_has number; then
		run_test "$runtime: mknod of the other's numbers gives no access" others_numbers_are_closed "$runtime"
	else
		run_difference "$runtime: no number for mknod" 'a mounted file system, no character device' \
			there_is_no_number "$runtime"
	fi
	run_test "$runtime: privileges, descriptors, seccomp, session" processes_are_confined "$runtime"
	run_test "$runtime: the runtime's descriptors are not kept open" runtime_descriptors_end "$runtime"
	run_test "$runtime: the control socket is root's" control_socket_is_private "$runtime"
done
finish
