#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The oci-vtpm authors
#
# A kernel without the vTPM proxy (the VM is started with --no-vtpm-proxy): the next best
# driver is taken, and where there is none, the hook says why each cannot be used.

. "$(dirname "$0")/harness.sh"

proxy='this kernel has no vTPM proxy: no /dev/vtpmx and the module tpm_vtpm_proxy'
cuse='this kernel has no CUSE: no /dev/cuse and the module cuse'
fuse='this kernel has no FUSE: no /dev/fuse and the module fuse'

# Unloads them, and lets nobody load those that are named.
without() { # MODULE...
	local module
	! mountpoint -q /sys/fs/fuse/connections || umount /sys/fs/fuse/connections
	for module in cuse fuse; do
		[[ ! -d /sys/module/$module ]] || rmmod "$module"
	done
	mkdir -p /etc/modprobe.d
	for module; do
		printf 'install %s /bin/false\n' "$module"
	done >/etc/modprobe.d/no-driver.conf
}

auto_takes() { # DRIVER PASSED-OVER
	start_vtpm "$runtime" used
	assert_equal "$1" "$(vtpmctl inspect used | jq -r .driver)" 'the driver'
	assert_equal "$2" "$(vtpmctl inspect used | jq -r '.passedOver[] | "\(.driver): \(.reason)"')" 'passed over'
	assert_match '^[0-9a-f]{16}$' "$(vm_exec "$runtime" used tpm2_getrandom --hex 8)" 'random bytes'
	vm_stop "$runtime" used
}

proxy_is_missing() {
	without
	auto_takes cuse "vtpmx: $proxy cannot be loaded"
}

cuse_is_missing_too() {
	without cuse
	auto_takes fuse "vtpmx: $proxy cannot be loaded
cuse: $cuse cannot be loaded"
}

all_are_missing() {
	without cuse fuse
	start_refused "no driver works on this host: vtpmx: $proxy cannot be loaded: cuse: $cuse cannot be loaded: fuse: $fuse cannot be loaded" \
		--annotation io.oci-vtpm.device=tpm0
}

# Whoever asks for one driver does not get another.
wanted_one_is_missing() {
	local wanted
	without cuse fuse
	for wanted in "vtpmx:$proxy" "cuse:$cuse" "fuse:$fuse"; do
		configure "{\"driver\": \"${wanted%%:*}\"}"
		start_refused "${wanted#*:} cannot be loaded" --annotation io.oci-vtpm.device=tpm0
	done
}

modules_may_not_be_loaded() {
	without
	configure '{"loadModule": false}'
	start_refused "no driver works on this host: vtpmx: $proxy is not loaded: cuse: $cuse is not loaded: fuse: $fuse is not loaded" \
		--annotation io.oci-vtpm.device=tpm0
	configure '{"loadModule": false, "driver": "vtpmx"}'
	start_refused "$proxy is not loaded" --annotation io.oci-vtpm.device=tpm0
	[[ ! -d /sys/module/fuse && ! -d /sys/module/cuse ]] || fail 'a module was loaded'
	# One that is there may be used.
	modprobe fuse
	configure '{"startTimeoutSeconds": 600, "loadModule": false}'
	auto_takes fuse "vtpmx: $proxy is not loaded
cuse: $cuse is not loaded"
}

others_are_not_hurt() {
	without cuse fuse
	vm_bundle "$WORK/other"
	vm_start "$runtime" other "$WORK/other"
	vm_stop "$runtime" other
}

start_syslog
for runtime in "${runtimes[@]}"; do
	run_test "$runtime: without the vTPM proxy, cuse" proxy_is_missing
	run_test "$runtime: without CUSE too, fuse" cuse_is_missing_too
	run_test "$runtime: no driver in this kernel" all_are_missing
	run_test "$runtime: the driver that was asked for is missing" wanted_one_is_missing
	run_test "$runtime: loading modules is not allowed" modules_may_not_be_loaded
	run_test "$runtime: a container without TPM starts" others_are_not_hurt
done
finish
