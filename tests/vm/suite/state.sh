#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The oci-vtpm authors
#
# What a TPM keeps while its container is off, for whom, and how it is switched off.

. "$(dirname "$0")/instances.sh"

make_key() { # ID
	in_container "$1" sh -c 'cd /tmp && tpm2_createprimary -Q -C o -G ecc -c p.ctx &&
		tpm2_evictcontrol -Q -C o -c p.ctx 0x81000010 && tpm2_flushcontext -t'
}

key_of() { # ID
	in_container "$1" sh -c 'cd /tmp && tpm2_readpublic -Q -c 0x81000010 -o key.pub && sha256sum <key.pub'
}

# Keys, NV memory and authorisations are kept; PCRs are not.
named_outlives_its_container() {
	local key
	start_named a web
	assert_equal local/web "$(vtpmctl inspect a | jq -r .instance)" instance
	keep_secret a
	make_key a
	key=$(key_of a)
	in_container a tpm2_changeauth -Q -c owner of-the-owner
	in_container a tpm2_pcrextend 10:sha256=0101010101010101010101010101010101010101010101010101010101010101
	stop a

	start_named b web
	assert_equal "$key" "$(key_of b)" 'the persistent key'
	assert_match '0x0{64}' "$(in_container b tpm2_pcrread sha256:10)" 'PCR 10'
	if read_nv b 2>/dev/null; then
		fail 'the owner has no authorisation any more'
	fi
	in_container b tpm2_changeauth -Q -c owner -p of-the-owner
	has_secret b
	stop b

	start_named c other
	has_no_secret c
	stop c
}

container_keeps_its_own() {
	start_vtpm "$runtime" mine
	assert_equal _container/mine "$(vtpmctl inspect mine | jq -r .instance)" instance
	keep_secret mine
	stop mine
	start_vtpm "$runtime" yours --annotation io.oci-vtpm.ephemeral=false
	has_no_secret yours
	stop yours
	start_vtpm "$runtime" mine
	has_secret mine
	stop mine
}

ephemeral_leaves_nothing() {
	local _
	for _ in 1 2; do
		start_vtpm "$runtime" gone --annotation io.oci-vtpm.ephemeral=true
		assert_equal null "$(vtpmctl inspect gone | jq .instance)" instance
		has_no_secret gone
		keep_secret gone
		stop gone
	done
	[[ ! -e $state_dir ]] || fail "there is $(find "$state_dir")"
}

files_are_private() {
	start_named a web
	keep_secret a
	assert_equal "root 755
root 600
oci-vtpm 700
oci-vtpm 700
oci-vtpm 700" "$(stat -c '%U %a' "$state_dir" "$state_dir/host.key" "$state_dir/instances" "${web%/*}" "$web")" \
		'owners and modes'
	assert_equal 'oci-vtpm 600' "$(stat -c '%U %a' "$web"/* | sort -u)" 'owners and modes of the files'
	assert_equal 32 "$(stat -c %s "$state_dir/host.key")" 'size of the key'
	if grep -qr "$secret" "$state_dir"; then
		fail 'the secret is on disk in plain'
	fi
	stop a
}

one_at_a_time() {
	start_named a web
	keep_secret a
	refused_unchanged 'instance local/web is in use by container a'
	has_secret a
	stop a
	start_named b web
	has_secret b
	stop b
}

# Its TPM is being shut down, or has not begun to be, when the next one asks.
next_one_waits() {
	start_named a web --edit 'del(.hooks.poststop)'
	keep_secret a
	kill_container a
	start_named b web
	has_secret b
	stop b
	"$runtime" delete a
}

hook_waits() {
	local pid
	pid=$(pgrep -x oci-vtpm-hook) && grep -q poll "/proc/$pid/wchan"
}

# The last container's supervisor takes its time.
next_one_waits_longer() {
	local supervisor next
	start_named a web --edit 'del(.hooks.poststop)'
	keep_secret a
	supervisor=$(vtpmctl inspect a | jq .supervisorPid)
	kill -STOP "$supervisor"
	kill_container a
	start_named b web &
	next=$!
	vm_wait_until 60 hook_waits || fail 'the hook does not wait'
	kill -CONT "$supervisor"
	wait "$next"
	has_secret b
	stop b
	"$runtime" delete a
}

next_one_does_not_wait_for_ever() {
	local supervisor
	start_named a web --edit 'del(.hooks.poststop)'
	keep_secret a
	supervisor=$(vtpmctl inspect a | jq .supervisorPid)
	kill -STOP "$supervisor"
	kill_container a
	configure '{"startTimeoutSeconds": 3}'
	refused 'instance local/web is in use by container a: the supervisor did not answer in time'
	kill -CONT "$supervisor"
	wait_nothing_left
	"$runtime" delete a
}

# What was answered is on disk. The lock ends with its holder.
supervisor_killed() {
	start_named a web
	keep_secret a
	kill -KILL "$(vtpmctl inspect a | jq .supervisorPid)"
	wait_processes
	start_named b web
	has_secret b
	stop b
	stop a
}

clock_of() { # ID FIELD
	in_container "$1" tpm2_readclock | awk -v field="$2:" '$1 == field { print $2 }'
}

property_of() { # ID NAME
	in_container "$1" tpm2_getcap properties-variable | awk -v name="$2:" '$1 == name { print $2 }'
}

# An attempt with a wrong password at something that dictionary attack protection
# guards.
guess() { # ID
	if in_container "$1" tpm2_nvread 0x1500020 -P wrong -s 8 2>/dev/null; then
		fail 'a wrong password was taken'
	fi
}

shuts_down_in_order() {
	local resets clock
	start_named a web
	in_container a tpm2_nvdefine -Q 0x1500020 -C o -s 8 -p right -a 'authread|authwrite'
	in_container a sh -c 'echo 1234567 | tpm2_nvwrite -Q 0x1500020 -P right -i -'
	guess a
	assert_equal 0x1 "$(property_of a TPM2_PT_LOCKOUT_COUNTER)" lockoutCounter
	resets=$(clock_of a reset_count)
	clock=$(clock_of a clock)
	stop a

	start_named a web
	assert_equal $((resets + 1)) "$(clock_of a reset_count)" resetCount
	assert_equal 0 "$(clock_of a restart_count)" restartCount
	assert_equal yes "$(clock_of a safe)" safe
	(($(clock_of a clock) >= clock)) || fail 'the clock went back'
	assert_equal 0x1 "$(property_of a TPM2_PT_LOCKOUT_COUNTER)" 'lockoutCounter after an orderly shutdown'
	assert_equal 1 "$(property_of a orderly)" orderly
	stop a
}

power_failure_is_noticed() {
	local resets
	start_named a web
	keep_secret a
	resets=$(clock_of a reset_count)
	kill -KILL "$(vtpmctl inspect a | jq .supervisorPid)"
	wait_processes
	stop a
	start_named a web
	assert_equal $((resets + 1)) "$(clock_of a reset_count)" resetCount
	assert_equal no "$(clock_of a safe)" safe
	assert_equal 0 "$(property_of a orderly)" orderly
	has_secret a
	stop a
}

send() { # HEX
	raw_command "$runtime" old /dev/tpm0 "$1"
}

start_old() {
	start_vtpm "$runtime" old --annotation io.oci-vtpm.version=1.2 --annotation io.oci-vtpm.name=old
}

# TPM Main Specification, Part 3. Before TPM_NV_INDEX_LOCK is defined, NV space needs
# no authorisation.
tpm12_keeps_nv() {
	local no_pcrs
	no_pcrs="0003 000000 1f $(printf '%040d' 0)" # TPM_PCR_INFO_SHORT
	start_old
	# TPM_NV_DefineSpace: TPM_NV_DATA_PUBLIC of 8 bytes with TPM_NV_PER_PPWRITE, no password
	assert_equal 00c40000000a00000000 \
		"$(send "00c1 00000065 000000cc 0018 00001500 $no_pcrs $no_pcrs 0017 00000001 00 00 00 00000008 $(printf '%040d' 0)")" \
		TPM_NV_DefineSpace
	assert_equal 00c40000000a00000000 "$(send '00c1 0000001e 000000cd 00001500 00000000 00000008 6b6570742e2e2e2e')" \
		TPM_NV_WriteValue
	stop old
	start_old
	assert_equal 00c40000001600000000000000086b6570742e2e2e2e \
		"$(send '00c1 00000016 000000cf 00001500 00000000 00000008')" TPM_NV_ReadValue
	stop old
}

start_syslog
for runtime in "${runtimes[@]}"; do
	run_test "$runtime: a named TPM outlives its container" named_outlives_its_container
	run_test "$runtime: a container without a name keeps its own" container_keeps_its_own
	run_test "$runtime: an ephemeral TPM leaves nothing" ephemeral_leaves_nothing
	run_test "$runtime: a TPM 1.2 keeps its NV memory" tpm12_keeps_nv
	run_test "$runtime: one container at a time" one_at_a_time
	run_test "$runtime: the next container waits for the end of the last" next_one_waits
	run_test "$runtime: the next container waits for a supervisor that is slow" next_one_waits_longer
	run_test "$runtime: the next container does not wait for ever" next_one_does_not_wait_for_ever
done
runtime=${runtimes[0]}
run_test 'files are private and encrypted' files_are_private
run_test 'the supervisor is killed' supervisor_killed
run_test 'an orderly shutdown' shuts_down_in_order
run_test 'a power failure' power_failure_is_noticed
finish
