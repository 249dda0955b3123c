#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The oci-vtpm authors
#
# An emulator that dies, hangs or is stopped is followed by another; the container
# notices nothing. tests/fault/ does the same a thousand times over.

. "$(dirname "$0")/harness.sh"

status() { # KEY
	vtpmctl inspect used | jq -r ".$1"
}

# Waits until the vTPM has got over its COUNTth restart.
restarted() { # COUNT
	[[ $(status emulatorRestarts) == "$1" && $(status state) == serving ]]
}

wait_restarted() { # COUNT
	vm_wait_until 120 restarted "$1" || fail "state $(status state), restarts $(status emulatorRestarts)"
}

in_container() { # ARG...
	vm_exec "$runtime" used "$@"
}

# Keys, sessions and PCRs are still there, and what is random is.
survives_kills() { # RUNTIME DEVICE
	local runtime=$1 device=$2 device_before pcr random seen=()
	start_vtpm "$runtime" used --env "TPM2TOOLS_TCTI=device:$device"
	device_before=$(status hostDevice)
	in_container sh -e -c '
		cd /tmp
		tpm2_startauthsession -Q --hmac-session -S session.ctx
		tpm2_createprimary -Q -C o -G ecc -c primary.ctx
		tpm2_pcrextend 10:sha256=0101010101010101010101010101010101010101010101010101010101010101'
	pcr=$(in_container tpm2_pcrread sha256:10)
	for restarts in 1 2 3; do
		kill -KILL "$(status emulatorPid)"
		random=$(in_container tpm2_getrandom --hex 8)
		assert_match '^[0-9a-f]{16}$' "$random" 'random bytes'
		[[ " ${seen[*]} " != *" $random "* ]] || fail "random bytes again: $random"
		seen+=("$random")
		wait_restarted "$restarts"
		assert_equal "$pcr" "$(in_container tpm2_pcrread sha256:10)" 'PCR 10'
		# shellcheck disable=SC2016 # the container's shell expands these
		in_container sh -e -c 'cd /tmp
			tpm2_create -Q -C primary.ctx -G ecc256:ecdsa -P session:session.ctx -u key.pub -r key.priv
			case $TPM2TOOLS_TCTI in *tpmrm*) ;; *) tpm2_flushcontext -t; tpm2_createprimary -Q -C o -G ecc -c primary.ctx ;; esac'
	done
	assert_equal "$device_before" "$(status hostDevice)" 'the device'
	expect_log 'killed by signal 9 .Killed.: another emulator goes on with the TPM, [0-9]+ ms later'
	vm_stop "$runtime" used
	expect_log 'used: the TPM is shut down'
}

# A command waits for the answer while the emulator is stopped, then killed.
survives_a_stop() { # RUNTIME
	local runtime=$1
	start_vtpm "$runtime" used --env TPM2TOOLS_TCTI=device:/dev/tpm0
	kill -STOP "$(status emulatorPid)"
	assert_match '^[0-9a-f]{16}$' "$(in_container tpm2_getrandom --hex 8)" 'random bytes'
	wait_restarted 1
	expect_log 'the emulator was stopped by a signal: another emulator goes on'
	vm_stop "$runtime" used
}

# TPM_Extend and TPM_PCRRead, without a resource manager and without sessions.
survives_as_1_2() { # RUNTIME
	local runtime=$1 pcr
	start_vtpm "$runtime" used --annotation io.oci-vtpm.version=1.2
	raw_command "$runtime" used /dev/tpm0 "00c1 00000022 00000014 00000010 $(printf '01%.0s' {1..20})"
	pcr=$(raw_command "$runtime" used /dev/tpm0 '00c1 0000000e 00000015 00000010')
	assert_match '^00c40000001e00000000' "$pcr" TPM_PCRRead
	kill -KILL "$(status emulatorPid)"
	assert_equal "$pcr" "$(raw_command "$runtime" used /dev/tpm0 '00c1 0000000e 00000015 00000010')" TPM_PCRRead
	wait_restarted 1
	vm_stop "$runtime" used
	expect_log 'used: the TPM is shut down'
}

is_in_state() { # STATE
	[[ $(status state) == "$1" ]]
}

# A pid of an emulator that is not PID.
new_emulator() { # PID
	local pid
	pid=$(status emulatorPid)
	[[ $pid != 0 && $pid != "$1" ]]
}

ends_in_failure_mode() { # RUNTIME
	local runtime=$1 pid=0
	configure '{"startTimeoutSeconds": 600, "stopTimeoutSeconds": 60, "restartsPerMinute": 2}'
	start_vtpm "$runtime" used --env TPM2TOOLS_TCTI=device:/dev/tpm0
	until is_in_state failed; do
		vm_wait_until 60 new_emulator "$pid"
		pid=$(status emulatorPid)
		kill -KILL "$pid" || true
	done
	expect_log 'more than 2 emulators have died in a minute; the TPM answers TPM_RC_FAILURE until'
	vm_wait_until 60 new_emulator "$pid"
	# TPM2_GetRandom is answered with TPM_RC_FAILURE, and the device stays.
	assert_equal 80010000000a00000101 \
		"$(raw_command "$runtime" used /dev/tpm0 '8001 0000000c 0000017b 0008')" TPM2_GetRandom
	vtpmctl resume used
	vm_wait_until 60 is_in_state serving
	assert_match '^[0-9a-f]{16}$' "$(in_container tpm2_getrandom --hex 8)" 'random bytes'
	vm_stop "$runtime" used
	expect_log 'used: the TPM is shut down'
}

is_not_resumed_without_need() { # RUNTIME
	local runtime=$1 output
	start_vtpm "$runtime" used
	if output=$(vtpmctl resume used 2>&1); then
		fail 'it was resumed'
	fi
	assert_match 'the TPM is not in failure mode: it is serving' "$output" 'vtpmctl resume'
	vm_stop "$runtime" used
}

start_syslog
for runtime in "${runtimes[@]}"; do
	run_test "$runtime: the emulator is killed, /dev/tpm0" survives_kills "$runtime" /dev/tpm0
	if driver_has resource-manager; then
		run_test "$runtime: the emulator is killed, /dev/tpmrm0" survives_kills "$runtime" /dev/tpmrm0
	else
		run_difference "$runtime: no /dev/tpmrm0" 'the resource manager is the kernel driver'"'"'s' \
			no_resource_manager "$runtime"
	fi
	run_test "$runtime: the emulator is killed, TPM 1.2" survives_as_1_2 "$runtime"
done
run_test 'the emulator is stopped' survives_a_stop "${runtimes[0]}"
run_test 'emulators die again and again' ends_in_failure_mode "${runtimes[-1]}"
run_test 'a TPM that is well is not resumed' is_not_resumed_without_need "${runtimes[-1]}"
finish
