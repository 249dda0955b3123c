#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The oci-vtpm authors
#
# A kernel without the vTPM proxy (the VM is started with --no-vtpm-proxy).

. "$(dirname "$0")/harness.sh"

module_is_missing() {
	start_refused 'no driver works on this host: this kernel has no vTPM proxy: no /dev/vtpmx and the module tpm_vtpm_proxy cannot be loaded' \
		--annotation io.oci-vtpm.device=tpm0
}

module_may_not_be_loaded() {
	configure '{"loadModule": false, "driver": "vtpmx"}'
	start_refused 'this kernel has no vTPM proxy: no /dev/vtpmx and the module tpm_vtpm_proxy is not loaded' \
		--annotation io.oci-vtpm.device=tpm0
}

others_are_not_hurt() {
	vm_bundle "$WORK/other"
	vm_start "$runtime" other "$WORK/other"
	vm_stop "$runtime" other
}

start_syslog
for runtime in runc crun; do
	run_test "$runtime: no driver in this kernel" module_is_missing
	run_test "$runtime: loading it is not allowed" module_may_not_be_loaded
	run_test "$runtime: a container without TPM starts" others_are_not_hurt
done
finish
