#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The oci-vtpm authors
#
# One life of a machine whose power will be cut: the state lies on /dev/vda, the client
# holds the TPM to the ledger in $VM_OUT/acks and goes on until the machine is no more.
# With a COUNT it ends after so many steps.

# shellcheck source=tests/fault/harness.sh
. "$(dirname "$0")/../harness.sh"

modprobe virtio_blk
modprobe ext4
mkdir -p /var/lib/oci-vtpm
mount -t ext4 /dev/vda /var/lib/oci-vtpm || exit
: >"$VM_OUT/acks/mounted"
start_persistent "$VM_OUT/acks"
log=$VM_OUT/acks/log
start_client "$log" --ledger /acks/ledger --activities "$durable" --steps "${2:-0}" || exit
: >"$VM_OUT/acks/ready"
wait "$client" || {
	complaints "$log"
	exit 1
}
vm_stop "$runtime" "$id"
umount /var/lib/oci-vtpm
