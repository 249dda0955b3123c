#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The oci-vtpm authors
#
# The same kills with swtpm on the kernel's vTPM proxy and a script, as one would
# write it, that starts it again and puts the new device where the old one was. The
# client says what it sees of that, and must see it: this also proves that the client
# can.

# shellcheck source=tests/fault/harness.sh
. "$(dirname "$0")/../harness.sh"

state=$WORK/swtpm

swtpm_up() { # CONTAINER'S-DEV
	local line number name major minor
	# startup-clear: so that the kernel finds a started TPM.
	line=$(swtpm chardev --tpm2 --vtpm-proxy --tpmstate "dir=$state" \
		--flags startup-clear --pid "file=$state/pid" --daemon)
	# "New TPM device: /dev/tpm0 (major/minor = 10/224)"
	number=${line#*/dev/tpm}
	number=${number%% *}
	vm_wait_file "/dev/tpmrm$number" 30 || fail 'no device' # this node is made last
	for name in tpm tpmrm; do
		IFS=: read -r major minor <"/sys/class/$name/$name$number/dev"
		rm -f "$1/.new"
		mknod -m 600 "$1/.new" c "$major" "$minor"
		mv "$1/.new" "$1/${name}0"
	done
}

swtpm_kill() {
	local pid
	# swtpm ends the file without a newline.
	read -r pid <"$state/pid" || [[ $pid ]]
	kill -KILL "$pid"
	vm_wait_exit "$pid" 30 || fail 'swtpm lives on'
}

random_pause() {
	read -r -t "$(printf '0.%03d' $((RANDOM % 500)))" _ <>"$WORK/never" || true
}

swtpm_killed() { # COUNT DEVICE
	local kills=$1 device=$2 log=$VM_OUT/swtpm-${2##*/}.log dev i
	rm -rf "$state"
	mkdir "$state"
	vm_bundle "$WORK/$id" --stage none \
		--edit '.linux.resources.devices += [{"allow": true, "type": "c", "access": "rw"}]'
	vm_start "$runtime" "$id" "$WORK/$id"
	dev=/proc/$(vm_pid "$runtime" "$id")/root/dev
	swtpm_up "$dev"
	start_client "$log" --device "$device" --errors-max 1000000
	for ((i = 0; i < kills; i++)); do
		random_pause
		swtpm_kill
		swtpm_up "$dev"
	done
	random_pause
	if end_client "$client"; then
		fail 'the client saw nothing'
	fi
	report "swtpm, $kills kills, $device" "$log"
	count_losses "$log" >>"$VM_OUT/report"
	swtpm_kill
	vm_stop "$runtime" "$id"
}

# Of what kinds the mismatches are.
count_losses() { # CLIENT-LOG
	sed -nE 's/^mismatch: //p' "$1" | sed -E '
		s/^PCR [0-9]+: .*/PCRs not as acknowledged/
		s/^(.*): an acknowledged change is lost.*/\1 lost changes/
		s/^(.*): a change was done twice.*/\1 jumped/
		s/( went back) .*/\1/' | sort | uniq -c
}

count=${2:-5}
RANDOM=$((seed % 32768))
mkfifo "$WORK/never"
modprobe tpm_vtpm_proxy
for device in /dev/tpm0 /dev/tpmrm0; do
	run_test "swtpm, $count kills, $device: the client notices" swtpm_killed "$count" "$device"
done
show_report
finish
