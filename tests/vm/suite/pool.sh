#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The oci-vtpm authors
#
# The warm pool: TPMs that were made before anybody wanted them, each used once.

. "$(dirname "$0")/instances.sh"

runtime=${runtimes[0]}
pool=$state_dir/instances/_pool
ek=io.oci-vtpm.ek

ready() {
	vtpmctl pool status --json | jq 'map(select(.stale | not) | .ready) | add // 0'
}

serial_of() { # ID
	vtpmctl ek "$1" --json | jq -r '.[0].serial'
}

# One whose certificate is among the first ones, which were issued when the pool was filled.
is_pooled() { # ID COUNT
	vtpmctl ca list --json | jq -e --arg serial "$(serial_of "$1")" ".[:$2] | any(.serial == \$serial)" >/dev/null
}

fill() { # TYPES COUNT
	vtpmctl pool fill --ek "$1" --count "$2"
}

start_with_ek() { # ID TYPES [vm_bundle OPTION]...
	local id=$1 types=$2
	shift 2
	start_vtpm "$runtime" "$id" --annotation "$ek=$types" "$@"
}

are_used_once() {
	local id count=3 serials=()
	vtpmctl ca init
	assert_match 'ek ecc-p256, pcr-banks all: 4 made, 4 ready' "$(fill ecc-p256 4)" 'what it says'
	assert_equal 4 "$(ready)" ready
	assert_match 'ek ecc-p256, pcr-banks all: 0 made, 4 ready' "$(fill ecc-p256 4)" 'a second time'
	assert_equal '' "$(find "$pool" ! -user oci-vtpm)" 'files of others'
	for id in a b; do
		start_with_ek "$id" ecc-p256
		assert_equal "$count" "$(ready)" "left for others than $id"
		count=$((count - 1))
		serials+=("$(serial_of "$id")")
		vtpmctl ek "$id" --cert | openssl verify -CAfile <(vtpmctl ca show --json | jq -r .root.certificate) \
			-untrusted <(vtpmctl ca show --pem)
		assert_equal "$(vtpmctl inspect "$id" | jq -r .uuid)" \
			"$(vtpmctl ca list --json | jq -r --arg serial "$(serial_of "$id")" '.[] | select(.serial == $serial) | .uuid')" \
			"the uuid of $id"
	done
	[[ ${serials[0]} != "${serials[1]}" ]] || fail 'two containers have the same TPM'
	keep_secret a
	stop a
	stop b
	wait_nothing_left
	echo 'an ephemeral one, and one with a name'
	start_with_ek c ecc-p256 --annotation io.oci-vtpm.ephemeral=true
	start_named d web --annotation "$ek=ecc-p256"
	assert_equal 0 "$(ready)" ready
	is_pooled d 4 || fail 'd was made now'
	stop c
	stop d
	wait_nothing_left
	echo 'again, and one more than there are'
	start_with_ek a ecc-p256
	has_secret a
	assert_equal "${serials[0]}" "$(serial_of a)" 'after a restart'
	start_with_ek e ecc-p256
	is_pooled a 4 || fail 'a was made now'
	! is_pooled e 4 || fail 'e was not made now'
	stop a
	stop e
	wait_nothing_left
	assert_equal '' "$(vtpmctl list --json | jq -r '.[] | select(.instance | startswith("_pool")) | .instance')" 'what the list has of the pool'
}

fit_exactly() {
	vtpmctl ca init
	fill ecc-p256 1
	vtpmctl pool fill --pcr-banks sha384 --count 1
	start_with_ek a ecc-p384
	start_with_ek b ecc-p256 --annotation io.oci-vtpm.pcr-banks=sha256
	assert_equal 2 "$(ready)" 'ready after others were wanted'
	start_vtpm "$runtime" c --annotation io.oci-vtpm.pcr-banks=sha384
	assert_equal 1 "$(ready)" 'ready after its banks were wanted'
	assert_equal sha384 "$(in_container c tpm2_getcap pcrs | sed -n 's/^ *- \(sha[0-9]*\): \[ 0.*/\1/p')" 'PCR banks'
	start_with_ek d ecc-p256
	assert_equal 0 "$(ready)" 'ready after it was wanted'
	for id in a b c d; do
		stop "$id"
	done
	wait_nothing_left
}

# More containers than there are, all at once.
are_shared_out() {
	local id pids=() serials=()
	vtpmctl ca init
	fill ecc-p256 3
	for id in 1 2 3 4 5; do
		start_with_ek "c$id" ecc-p256 &
		pids+=($!)
	done
	for id in "${pids[@]}"; do
		wait "$id" || fail 'a container did not start'
	done
	for id in 1 2 3 4 5; do
		serials+=("$(serial_of "c$id")")
	done
	assert_equal 5 "$(printf '%s\n' "${serials[@]}" | sort -u | wc -l)" 'different TPMs'
	for id in 1 2 3 4 5; do
		stop "c$id"
	done
	wait_nothing_left
}

settings_change() {
	configure '{"startTimeoutSeconds": 600, "pool": [{"ek": "ecc-p256", "count": 2}, {"ek": "ecc-p384", "count": 1}]}'
	vtpmctl ca init
	vtpmctl pool fill
	assert_equal '["ecc-p256",2,2]["ecc-p384",1,1]' "$(vtpmctl pool status --json | jq -c '.[] | [.ek, .ready, .wanted]' | tr -d '\n')" status
	configure '{"startTimeoutSeconds": 600, "ca": {"subject": "{host}"}, "pool": [{"ek": "ecc-p256", "count": 1}]}'
	start_with_ek a ecc-p256
	assert_equal CN=vm "$(vtpmctl ek a --json | jq -r '.[0].subject')" 'subject under the new settings'
	stop a
	wait_nothing_left
	assert_match 'other settings' "$(vtpmctl pool status)" 'status of what is stale'
	assert_match '^3 removed that were made under other settings' "$(vtpmctl pool fill)" 'what fill says'
	assert_equal 1 "$(vtpmctl pool status --json | jq 'map(.ready) | add')" 'ready'
	configure '{"startTimeoutSeconds": 600, "ca": {"subject": "{pod}"}, "pool": [{"ek": "ecc-p256", "count": 1}]}'
	if vtpmctl pool fill 2>"$WORK/message"; then
		fail 'a TPM for no pod in particular was made'
	fi
	assert_match 'this TPM has no \{pod\}' "$(<"$WORK/message")" message
	assert_equal 0 "$(vtpmctl pool status --json | jq 'map(.ready) | add')" 'ready'
}

host_key_changes() {
	vtpmctl ca init
	fill ecc-p256 2
	vtpmctl rekey
	start_with_ek a ecc-p256
	assert_equal 1 "$(ready)" ready
	stop a
	wait_nothing_left
	echo "another host's pool"
	mv "$state_dir/host.key" "$WORK/host.key"
	head -c 32 /dev/urandom >"$state_dir/host.key"
	chmod 600 "$state_dir/host.key"
	expect_refusal "$pool/.*/state: is encrypted under host key" --annotation io.oci-vtpm.device=tpm0 \
		--annotation "$ek=ecc-p256"
	wait_nothing_left
	forget_refused
	assert_equal 1 "$(ready)" 'ready after the refusal'
	mv -f "$WORK/host.key" "$state_dir/host.key"
	start_with_ek b ecc-p256
	assert_equal 0 "$(ready)" ready
	stop b
	wait_nothing_left
}

# What was put into an entry is another TPM's, or none.
entries_are_damaged() {
	local entries
	vtpmctl ca init
	fill ecc-p256 2
	entries=("$pool"/*)
	cp "${entries[0]}/state" "$WORK/state"
	cp "${entries[1]}/state" "${entries[0]}/state"
	cp "$WORK/state" "${entries[1]}/state"
	start_refused '_pool' --annotation io.oci-vtpm.device=tpm0 --annotation "$ek=ecc-p256"
	head -c 100 /dev/urandom >"${entries[0]}/state"
	head -c 100 /dev/urandom >"${entries[1]}/state"
	start_refused '_pool' --annotation io.oci-vtpm.device=tpm0 --annotation "$ek=ecc-p256"
	assert_match '2 removed' "$(vtpmctl pool drain)" 'what drain says'
	start_with_ek a ecc-p256
	stop a
	wait_nothing_left
}

filling_fails() {
	if fill ecc-p256 1 2>"$WORK/message"; then
		fail 'it was filled without an authority'
	fi
	assert_match 'certificate authority: .*No such file' "$(<"$WORK/message")" message
	rm -rf "$state_dir"
	mkdir -p "$state_dir"
	mount -t tmpfs -o mode=755,size=512k tmpfs "$state_dir"
	vtpmctl ca init
	if fill ecc-p256 1000 >"$WORK/message" 2>&1; then
		fail 'there was room for 1000'
	fi
	assert_match 'No space left on device' "$(<"$WORK/message")" message
	(($(ready) > 0)) || fail 'none was made'
	rm -rf "$state_dir/instances"
	fill ecc-p256 1
	start_with_ek a ecc-p256
	assert_equal 0 "$(ready)" ready
	stop a
	wait_nothing_left
	umount "$state_dir"
}

# Killed wherever something is made to last: what is there can be used.
filling_is_killed() {
	local call count before
	vtpmctl ca init
	for call in fsync renameat; do
		for count in 1 2 3 4 5 6 7 8; do
			before=$(ready)
			if strace -f -o /dev/null -e "trace=$call" -e "inject=$call:signal=KILL:when=$count" \
				vtpmctl pool fill --ek ecc-p256 --count $((before + 1)) >/dev/null 2>&1; then
				break
			fi
			wait_processes
			(($(ready) <= before + 1)) || fail 'one too many'
		done
		((count > 1)) || fail "nothing was killed at $call"
	done
	before=$(ready)
	fill ecc-p256 $((before + 1))
	for ((count = 0; count <= before; count++)); do
		start_with_ek a ecc-p256
		stop a
		wait_nothing_left
		rm -rf "$state_dir/instances/_container"
	done
	assert_equal 0 "$(ready)" ready
	assert_equal '' "$(vtpmctl ca list --json | jq -r '.[].serial' | sort | uniq -d)" 'serial numbers given twice'
}

start_syslog
run_test 'each is used once' are_used_once
run_test 'they fit exactly' fit_exactly
run_test 'many containers at once' are_shared_out
run_test 'the settings change' settings_change
run_test "the host's key changes" host_key_changes
run_test 'entries are damaged' entries_are_damaged
run_test 'filling fails' filling_fails
run_test 'filling is killed' filling_is_killed
finish
