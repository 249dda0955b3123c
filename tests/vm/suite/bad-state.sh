#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The oci-vtpm authors
#
# State that cannot be used stops a container, which says why, and is left as it is;
# and so with a disk that is full or read-only.

. "$(dirname "$0")/instances.sh"

# What is wrong does not depend on the runtime.
runtime=runc

# Puts an instance local/web where it belongs that has been used, and then what one
# case needs.
put_back() {
	rm -rf "$state_dir"
	cp -a "$WORK/good" "$state_dir"
}

make_web() {
	start_named a web
	keep_secret a
	stop a
	rm -rf "$WORK/good"
	cp -a "$state_dir" "$WORK/good"
}

web_is_usable() {
	put_back
	start_named a web
	has_secret a
	stop a
}

put_bytes() { # FILE OFFSET HEX
	xxd -r -p <<<"$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

flip() { # FILE OFFSET
	put_bytes "$1" "$2" "$(printf '%02x' $((0x$(xxd -s "$2" -l 1 -p "$1") ^ 1)))"
}

# Makes both checksums right (emulator/state_file.h), as an attacker could.
correct_checksums() { # FILE
	local end=$(($(stat -c %s "$1") - 32))
	put_bytes "$1" 24 "$(head -c 24 "$1" | sha256sum | cut -c 1-16)"
	put_bytes "$1" "$end" "$(head -c "$end" "$1" | sha256sum | cut -c 1-64)"
}

bad_state_file() {
	local state=$web/state size offset
	make_web
	size=$(stat -c %s "$state")

	for offset in 8 20 31; do
		put_back
		flip "$state" "$offset"
		refused_unchanged "$state: damaged: the checksum of its header is wrong"
	done
	for offset in 40 60 $((size / 2)) $((size - 40)) $((size - 1)); do
		put_back
		flip "$state" "$offset"
		refused_unchanged "$state: damaged: its checksum is wrong"
	done
	put_back
	flip "$state" 0
	refused_unchanged "$state: not a vTPM's state"

	put_back
	truncate -s $((size - 1)) "$state"
	refused_unchanged "$state: truncated: $((size - 1)) of $size bytes"
	truncate -s 10 "$state"
	refused_unchanged "$state: truncated: only 10 bytes of it"
	truncate -s 0 "$state"
	refused_unchanged "$state: truncated: it is empty"

	put_back
	put_bytes "$state" 8 00000002
	correct_checksums "$state"
	refused_unchanged "$state: written by a newer version .format 2; this one knows 1."

	put_back
	flip "$state" $((size - 60))
	correct_checksums "$state"
	refused_unchanged "$state: forged: somebody without the key has changed it"

	put_back
	rm "$state"
	refused_unchanged "$state: is missing, but state.previous is there; it is not made anew"
	rm "$state.previous"
	refused_unchanged "$state: is missing, but meta.json is there; it is not made anew"

	put_back
	mv "$state" "$web/elsewhere"
	ln -s elsewhere "$state"
	refused_unchanged "$state: not a regular file"
	web_is_usable
}

another_instances_state() {
	make_web
	start_named b other
	stop b
	cp "$web/../other/state" "$web/state"
	refused_unchanged "$web/state: is the state of instance local/other, not of local/web"
	cp "$web/../other/"* "$web/"
	refused_unchanged "$web/state: is the state of instance local/other, not of local/web"
	web_is_usable
}

generation() { # FILE
	printf '%d' "0x$(xxd -s 56 -l 8 -p "$1")"
}

older_state_put_back() {
	local old=$WORK/good/instances/local/web/state
	make_web
	start_named a web
	write_nv a '32 bytes which took their place.'
	stop a
	cp "$old" "$web/state"
	refused_unchanged "$web/state: generation $(generation "$old") is not newer than generation $(generation "$web/state.previous") of state.previous"
	rm "$web/state.previous"
	start_named a web
	stop a
}

other_tpm_version() {
	make_web
	refused_unchanged 'instance local/web has a TPM 2.0, not 1.2' --annotation io.oci-vtpm.version=1.2
	web_is_usable
}

bad_host_key() {
	local key=$state_dir/host.key
	make_web
	head -c 32 /dev/zero >"$key"
	refused_unchanged "$web/state: is encrypted under host key [0-9a-f]{16}, this host's key is [0-9a-f]{16}"
	put_back
	chmod 640 "$key"
	refused_unchanged "host key $key has mode 0640: group and others must have no access"
	put_back
	truncate -s 31 "$key"
	refused_unchanged "host key $key has 31 bytes, not 32"
	truncate -s 33 "$key"
	refused_unchanged "host key $key has 33 bytes, not 32"
	put_back
	rm "$key"
	refused_unchanged "there are instances, but not their key: cannot open host key $key: No such file or directory"
	web_is_usable
}

key_from_elsewhere() {
	configure '{"startTimeoutSeconds": 600, "hostKey": {"file": "/etc/oci-vtpm/key"}, "stateDir": "/srv/state"}'
	(umask 077 && head -c 32 /dev/urandom >/etc/oci-vtpm/key)
	start_named a web
	keep_secret a
	stop a
	start_named a web
	has_secret a
	stop a
	[[ ! -e $state_dir && ! -e /srv/state/host.key && -e /srv/state/instances/local/web/state ]] ||
		fail "there is $(find "$state_dir" /srv/state)"
	configure '{"startTimeoutSeconds": 600, "hostKey": {"credential": "oci-vtpm"}, "stateDir": "/srv/state"}'
	refused 'no credential oci-vtpm: CREDENTIALS_DIRECTORY is not set'
	rm -r /srv/state /etc/oci-vtpm/key
}

state_dir_is_not_ours() {
	mkdir "$state_dir"
	chmod 1777 "$state_dir"
	refused "$state_dir is not a directory that only user 0 may write to"
	chmod 755 "$state_dir"
	mkdir -m 755 "$state_dir/instances"
	chown oci-vtpm: "$state_dir/instances"
	refused "$state_dir/instances is not a directory that only user $(id -u oci-vtpm) may use"
	rm -r "$state_dir"
	ln -s /srv "$state_dir"
	refused "$state_dir is not a directory that only user 0 may write to"
	rm "$state_dir"
}

mount_state() { # OPTIONS
	mkdir -p "$state_dir"
	mount -t tmpfs -o "mode=755,$1" tmpfs "$state_dir"
}

# A new instance needs, in this order: instances, host.key under two names, its two
# directories, its lock, state.new, meta.json.
no_space_for_a_new_one() {
	local options regex
	while IFS='|' read -r options regex; do
		echo "$options"
		mount_state "$options"
		refused "$regex: No space left on device"
		assert_equal '' "$(find "$state_dir" -name web)" 'what is left of the instance'
		umount "$state_dir"
	done <<END
nr_inodes=1|cannot make $state_dir/instances
nr_inodes=2|cannot make host key $state_dir/host.key
nr_inodes=3|cannot make host key $state_dir/host.key
nr_inodes=4|cannot make $web
nr_inodes=5|cannot lock $web
nr_inodes=6|cannot write $web/state.new
nr_inodes=7|cannot write $web/meta.json.new
size=4k|cannot write $web/state.new
END
}

no_space_for_an_old_one() {
	mount_state size=256k
	make_web
	head -c 1000000 /dev/zero >"$state_dir/full" || true
	refused_unchanged "cannot write $web/.*: No space left on device"
	rm "$state_dir/full"
	web_start_and_stop
	umount "$state_dir"
}

web_start_and_stop() {
	start_named a web
	has_secret a
	stop a
}

read_only() {
	mount_state size=256k
	mount -o remount,ro "$state_dir"
	refused "cannot make $state_dir/instances: Read-only file system"
	mount -o remount,rw "$state_dir"
	make_web
	mount -o remount,ro "$state_dir"
	refused_unchanged "cannot lock $web: Read-only file system"
	mount -o remount,rw "$state_dir"
	web_start_and_stop
	umount "$state_dir"
}

# A command that cannot be made durable has not happened, and says so.
disk_fills_up() {
	local output pcr
	mount_state size=256k
	start_named a web
	keep_secret a
	in_container a tpm2_pcrextend 10:sha256=0101010101010101010101010101010101010101010101010101010101010101
	pcr=$(in_container a tpm2_pcrread sha256:10)
	mark_log
	head -c 1000000 /dev/zero >"$state_dir/full" || true
	for _ in 1 2; do
		if output=$(write_nv a '32 bytes that will find no room.' 2>&1); then
			fail 'the NV index was written'
		fi
		assert_match 0x923 "$output" TPM_RC_NV_UNAVAILABLE
	done
	expect_log 'No space left on device'
	assert_equal 1 "$(tail -n "+$((LOG_MARK + 1))" "$LOG" | grep -c 'No space')" 'lines in the log'
	has_secret a
	assert_equal "$pcr" "$(in_container a tpm2_pcrread sha256:10)" 'PCR 10'
	in_container a tpm2_getrandom --hex 8
	rm "$state_dir/full"
	write_nv a '32 bytes which took their place.'
	assert_equal "$pcr" "$(in_container a tpm2_pcrread sha256:10)" 'PCR 10'
	stop a
	start_named b web
	assert_equal '32 bytes which took their place.' "$(read_nv b)" 'the NV index'
	stop b
	umount "$state_dir"
}

# It ends all the same. What was answered before is on disk.
disk_is_full_at_the_end() {
	mount_state size=256k
	start_named a web
	keep_secret a
	head -c 1000000 /dev/zero >"$state_dir/full" || true
	stop a
	wait_nothing_left
	rm "$state_dir/full"
	web_start_and_stop
	umount "$state_dir"
}

start_syslog
run_test 'a bad state file' bad_state_file
run_test "another instance's state" another_instances_state
run_test 'an older state is put back' older_state_put_back
run_test 'another TPM version' other_tpm_version
run_test 'a bad host key' bad_host_key
run_test 'key and state in other places' key_from_elsewhere
run_test 'the state directory is not ours' state_dir_is_not_ours
run_test 'no space for a new instance' no_space_for_a_new_one
run_test 'no space for an instance' no_space_for_an_old_one
run_test 'a read-only state directory' read_only
run_test 'the disk fills up' disk_fills_up
run_test 'the disk is full at the end' disk_is_full_at_the_end
finish
