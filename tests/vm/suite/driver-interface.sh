#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The oci-vtpm authors
#
# The kernel module at its interface: the kernel's own, or with `tests/vm/run
# --vtpm-proxy ours` that of driver/linux. Arguments choose checks by a part of their name.
# Programs are taken from $VM_TOP/build/driver-tests (contrib/run-tests builds them).

set -euo pipefail
programs=${DRIVER_TESTS:-$VM_TOP/build/driver-tests}/tests/driver

modprobe tpm_vtpm_proxy
if [[ $VM_VTPM_PROXY == ours ]]; then
	grep -q O /sys/module/tpm_vtpm_proxy/taint || {
		echo 'the kernel has loaded its own module' >&2
		exit 1
	}
fi
exec "$programs/interface" "$VM_VTPM_PROXY" "$@"
