#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The oci-vtpm authors
#
# Containers use their TPMs through FUSE, on this machine's own kernel.

. "$VM_TOP/tests/vm/suite/harness.sh"

in_container() { # ARG... (of the container that the test runs)
	vm_exec "$runtime" used "$@"
}

status() { # KEY
	vtpmctl inspect used | jq -r ".$1"
}

restarted() { # COUNT
	[[ $(status emulatorRestarts) == "$1" && $(status state) == serving ]]
}

# Also what the harness, which knows the kernel's driver, does not look for.
nothing_mounted() {
	! grep ' fuse\.oci-vtpm ' /proc/mounts || fail 'a file system of ours is still mounted'
}

auto_takes_fuse() { # RUNTIME
	local runtime=$1
	start_vtpm "$runtime" used
	assert_equal fuse "$(status driver)" 'the driver'
	assert_equal 'vtpmx cuse' "$(vtpmctl inspect used | jq -r '[.passedOver[].driver] | join(" ")')" 'passed over'
	assert_match 'no /dev/vtpmx' "$(status 'passedOver[0].reason')" 'why not vtpmx'
	assert_match 'no /dev/cuse' "$(status 'passedOver[1].reason')" 'why not cuse'
	assert_equal '[{"path":"/dev/tpm0"}]' "$(vtpmctl inspect used | jq -c .devices)" 'devices'
	vm_stop "$runtime" used
	nothing_mounted
}

file_is_as_asked() { # RUNTIME
	local runtime=$1
	vm_bundle "$WORK/used" --annotation io.oci-vtpm.device=tpm3 --annotation io.oci-vtpm.uid=1000 \
		--annotation io.oci-vtpm.gid=2000 --annotation io.oci-vtpm.mode=0640
	vm_start "$runtime" used "$WORK/used"
	assert_equal '640 1000 2000 regular empty file' "$(in_container stat -c '%a %u %g %F' /dev/tpm3)" /dev/tpm3
	if in_container test -e /dev/tpmrm3; then
		fail '/dev/tpmrm3 exists'
	fi
	vm_stop "$runtime" used
}

pcrs_work() { # RUNTIME
	local runtime=$1 after
	start_vtpm "$runtime" used
	assert_match '^[0-9a-f]{32}$' "$(in_container tpm2_getrandom --hex 16)" getrandom
	assert_match '0x0{64}' "$(in_container tpm2_pcrread sha256:10)" 'PCR 10 before'
	in_container tpm2_pcrextend "10:sha256=$(printf '01%.0s' {1..32})"
	after=$(printf '%064d%s' 0 "$(printf '01%.0s' {1..32})" | xxd -r -p | sha256sum | cut -c 1-64)
	assert_match "0x${after^^}" "$(in_container tpm2_pcrread sha256:10)" 'PCR 10 after'
	vm_stop "$runtime" used
}

# There is no resource manager: what a tool leaves behind has to be flushed.
keys_and_nv_work() { # RUNTIME
	local runtime=$1
	start_vtpm "$runtime" used
	in_container sh -e -c '
		cd /tmp
		tpm2_createprimary -Q -C o -G ecc -c primary.ctx
		tpm2_flushcontext -t
		tpm2_create -Q -C primary.ctx -G ecc256:ecdsa -u key.pub -r key.priv
		tpm2_flushcontext -t
		tpm2_load -Q -C primary.ctx -u key.pub -r key.priv -c key.ctx
		tpm2_flushcontext -t
		tpm2_quote -Q -c key.ctx -l sha256:10 -q 1234 -m quote.msg -s quote.sig -o quote.pcrs
		tpm2_flushcontext -t
		tpm2_readpublic -Q -c key.ctx -f pem -o key.pem
		tpm2_flushcontext -t
		tpm2_checkquote -Q -u key.pem -m quote.msg -s quote.sig -f quote.pcrs -q 1234
		tpm2_nvdefine -Q 0x1500016 -C o -s 32 -a "ownerread|ownerwrite"
		printf "32 bytes of what must be kept..." | tpm2_nvwrite -Q 0x1500016 -C o -i -'
	vm_stop "$runtime" used
	# The container's own instance: the next start of the same id has it again.
	start_vtpm "$runtime" used
	assert_equal '32 bytes of what must be kept...' "$(in_container tpm2_nvread 0x1500016 -C o -s 32)" nvread
	vm_stop "$runtime" used
}

tpm_1_2_works() { # RUNTIME
	local runtime=$1
	start_vtpm "$runtime" used --annotation io.oci-vtpm.version=1.2
	assert_match '^00c40000001e00000000' "$(raw_command "$runtime" used /dev/tpm0 \
		'00c1 0000000e 00000015 00000010')" TPM_PCRRead
	vm_stop "$runtime" used
}

survives_kills() { # RUNTIME
	local runtime=$1 pcr random restarts seen=' '
	start_vtpm "$runtime" used
	in_container tpm2_pcrextend "10:sha256=$(printf '01%.0s' {1..32})"
	pcr=$(in_container tpm2_pcrread sha256:10)
	for restarts in 1 2 3; do
		kill -KILL "$(status emulatorPid)"
		random=$(in_container tpm2_getrandom --hex 8)
		[[ $seen != *" $random "* ]] || fail "random bytes again: $random"
		seen+="$random "
		vm_wait_until 30 restarted "$restarts" || fail "state $(status state), restarts $(status emulatorRestarts)"
		assert_equal "$pcr" "$(in_container tpm2_pcrread sha256:10)" 'PCR 10'
	done
	vm_stop "$runtime" used
	nothing_mounted
}

# Who has the file open when the vTPM ends gets an error, and is not left waiting.
stop_ends_what_is_open() { # RUNTIME
	local runtime=$1
	start_vtpm "$runtime" used
	vm_exec "$runtime" used sh -c 'exec 3<>/dev/tpm0; : >/tmp/open; while [ ! -e /tmp/go ]; do sleep 0.1; done; ! printf x >&3' &
	vm_wait_until 30 in_container test -e /tmp/open
	vtpmctl stop used
	wait_nothing_left
	in_container touch /tmp/go
	wait $!
	if in_container tpm2_getrandom --hex 8; then
		fail 'the TPM answers after its end'
	fi
	vm_stop "$runtime" used
	nothing_mounted
}

killed_container_takes_its_tpm_along() { # RUNTIME
	local pid
	start_vtpm "$1" used --edit 'del(.hooks.poststop)'
	pid=$(vm_pid "$1" used)
	kill -KILL "$pid"
	wait_nothing_left
	# The mount is gone before the process is.
	vm_wait_exit "$pid" 60
	"$1" delete used
	nothing_mounted
}

killed_supervisor_takes_the_tpm_along() { # RUNTIME
	local runtime=$1
	start_vtpm "$runtime" used
	kill -KILL "$(status supervisorPid)"
	wait_processes
	if in_container tpm2_getrandom --hex 8; then
		fail 'the TPM answers without its supervisor'
	fi
	vm_stop "$runtime" used
	nothing_left || vtpmctl stop used
	nothing_mounted
}

foreground_run_ends() { # RUNTIME
	vm_bundle "$WORK/used" --annotation io.oci-vtpm.device=tpm0 -- tpm2_getrandom --hex 4
	assert_match '^[0-9a-f]{8}$' "$(timeout 60 "$1" run --bundle "$WORK/used" used </dev/null)" output
	wait_nothing_left
}

start_syslog
for runtime in runc crun; do
	run_test "$runtime: auto takes fuse, and says why not the others" auto_takes_fuse "$runtime"
	run_test "$runtime: name, owner and mode as annotated" file_is_as_asked "$runtime"
	run_test "$runtime: random bytes and PCRs" pcrs_work "$runtime"
	run_test "$runtime: keys, a quote, and NV memory that a restart keeps" keys_and_nv_work "$runtime"
	run_test "$runtime: TPM 1.2" tpm_1_2_works "$runtime"
	run_test "$runtime: the emulator is killed" survives_kills "$runtime"
	run_test "$runtime: run in the foreground ends" foreground_run_ends "$runtime"
	run_test "$runtime: vtpmctl stop ends what is open" stop_ends_what_is_open "$runtime"
	run_test "$runtime: a killed container takes its TPM along, without poststop" \
		killed_container_takes_its_tpm_along "$runtime"
	run_test "$runtime: the supervisor is killed" killed_supervisor_takes_the_tpm_along "$runtime"
done
finish
