#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The oci-vtpm authors
#
# TPM 1.2: commands of the TPM Main Specification, Part 3, sent as they are.

. "$(dirname "$0")/harness.sh"

send() { # HEX
	raw_command "$runtime" old /dev/tpm0 "$1"
}

commands_work() { # RUNTIME
	local runtime=$1 before
	vm_bundle "$WORK/old" --annotation io.oci-vtpm.device=tpm0 --annotation io.oci-vtpm.version=1.2
	vm_start "$runtime" old "$WORK/old"

	# TPM_GetCapability(TPM_CAP_VERSION_VAL): TPM_CAP_VERSION_INFO, tag 0x0030, 1.2
	assert_match '^00c4[0-9a-f]{8}00000000[0-9a-f]{8}00300102' \
		"$(send '00c1 00000012 00000065 0000001a 00000000')" TPM_GetCapability
	# TPM_GetRandom(16)
	assert_match '^00c40000001e0000000000000010[0-9a-f]{32}$' \
		"$(send '00c1 0000000e 00000046 00000010')" TPM_GetRandom
	# TPM_PCRRead(16), TPM_Extend(16), TPM_PCRRead(16)
	before=$(send '00c1 0000000e 00000015 00000010')
	assert_match '^00c40000001e00000000(00){20}$' "$before" TPM_PCRRead
	# SHA-1 of 20 zero bytes and 20 bytes 01
	assert_equal "00c40000001e00000000$(printf '%040d%s' 0 "$(printf '01%.0s' {1..20})" | xxd -r -p | sha1sum | cut -c 1-40)" \
		"$(send "00c1 00000022 00000014 00000010 $(printf '01%.0s' {1..20})")" TPM_Extend
	[[ $(send '00c1 0000000e 00000015 00000010') != "$before" ]] || fail 'TPM_Extend did nothing'

	! driver_has sysfs ||
		assert_equal 1 "$(cat "/sys/class/tpm/$(vtpmctl inspect old | jq -r .hostDevice)/tpm_version_major")" \
			"the kernel's tpm_version_major"
	assert_equal 1.2 "$(vtpmctl inspect old | jq -r .tpmVersion)" 'vtpmctl'
	if vm_exec "$runtime" old test -e /dev/tpmrm0; then
		fail 'a TPM 1.2 has a /dev/tpmrm0'
	fi
	vm_stop "$runtime" old
	expect_log 'old: the TPM is shut down'
}

no_version_in_sysfs() {
	local runtime=${runtimes[0]}
	start_vtpm "$runtime" old --annotation io.oci-vtpm.version=1.2
	assert_equal 1.2 "$(vtpmctl inspect old | jq -r .tpmVersion)" 'vtpmctl'
	assert_equal '' "$(find /sys/devices -name tpm_version_major)" 'tpm_version_major'
	vm_stop "$runtime" old
}

kernel_found_no_fault() {
	! dmesg | grep -v 'module verification failed' | grep -E 'tpm.*(error|fail|timed out|TPM not ready)' || fail 'kernel messages'
}

start_syslog
for runtime in "${runtimes[@]}"; do
	run_test "$runtime: TPM 1.2 commands" commands_work "$runtime"
done
driver_has sysfs ||
	run_difference 'no tpm_version_major' 'the kernel does not know that it is a TPM' no_version_in_sysfs
run_test 'the kernel logged no error' kernel_found_no_fault
finish
