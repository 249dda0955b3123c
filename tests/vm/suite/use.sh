#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The oci-vtpm authors
#
# A container uses its TPM: what an administrator's first hour looks like.

. "$(dirname "$0")/harness.sh"

in_container() { # ARG... (of the container that the test runs)
	vm_exec "$runtime" used "$@"
}

tools_work_on() { # RUNTIME DEVICE
	local runtime=$1 device=$2 before after
	start_vtpm "$runtime" used --env "TPM2TOOLS_TCTI=device:$device"

	assert_match '^[0-9a-f]{32}$' "$(in_container tpm2_getrandom --hex 16)" getrandom

	before=$(in_container tpm2_pcrread sha256:10)
	in_container tpm2_pcrextend 10:sha256=0101010101010101010101010101010101010101010101010101010101010101
	after=$(in_container tpm2_pcrread sha256:10)
	assert_match '0x0{64}' "$before" 'PCR 10 before'
	# SHA-256 of 32 zero bytes and 32 bytes 01
	assert_match 0x"$(printf '%064d%s' 0 "$(printf '01%.0s' {1..32})" | xxd -r -p | sha256sum | cut -c 1-64 | tr a-f A-F)" \
		"$after" 'PCR 10 after'

	# shellcheck disable=SC2016 # the container's shell expands these
	in_container sh -e -c '
		cd /tmp
		# The plain device keeps what a tool leaves behind; the resource manager
		# flushes it when the tool closes the device.
		flush() { case $TPM2TOOLS_TCTI in *tpmrm*) ;; *) tpm2_flushcontext -t ;; esac; }
		tpm2_createprimary -Q -C o -G ecc -c primary.ctx
		flush
		tpm2_create -Q -C primary.ctx -G ecc256:ecdsa -u key.pub -r key.priv
		flush
		tpm2_load -Q -C primary.ctx -u key.pub -r key.priv -c key.ctx
		flush
		tpm2_quote -Q -c key.ctx -l sha256:10 -q 1234 -m quote.msg -s quote.sig -o quote.pcrs
		flush
		tpm2_readpublic -Q -c key.ctx -f pem -o key.pem
		flush
		tpm2_checkquote -Q -u key.pem -m quote.msg -s quote.sig -f quote.pcrs -q 1234
		tpm2_createprimary -Q -C o -G rsa2048 -c rsa.ctx
		flush
		tpm2_nvdefine -Q 0x1500016 -C o -s 32 -a "ownerread|ownerwrite"
		printf "32 bytes of what must be kept..." | tpm2_nvwrite -Q 0x1500016 -C o -i -'
	assert_equal '32 bytes of what must be kept...' "$(in_container tpm2_nvread 0x1500016 -C o -s 32)" nvread
	vm_stop "$runtime" used
}

# A TPM has three slots for transient objects (libtpms). The plain device has one
# user and those three; the kernel's resource manager gives three to each of many.
resource_manager_swaps() { # RUNTIME
	local runtime=$1
	start_vtpm "$runtime" used
	hold_objects "$runtime" /dev/tpmrm0 '3 4 5' 3
	if hold_objects "$runtime" /dev/tpm0 3 4; then
		fail '/dev/tpm0 held 4 transient objects'
	fi
	vm_stop "$runtime" used
}

device_is_a_file() { # RUNTIME
	local runtime=$1
	start_vtpm "$runtime" used
	assert_equal 'regular empty file 0' "$(in_container stat -c '%F %s' /dev/tpm0)" /dev/tpm0
	assert_equal 'oci-vtpm /dev/tpm0 fuse.oci-vtpm' \
		"$(in_container cat /proc/mounts | awk '$2 ~ /tpm/ { print $1, $2, $3 }')" "the mount"
	assert_equal '[{"path":"/dev/tpm0"}]' "$(vtpmctl inspect used | jq -c .devices)" 'devices'
	assert_equal null "$(vtpmctl inspect used | jq .hostDevice)" hostDevice
	assert_equal '' "$(kernel_devices)" 'kernel devices'
	vm_stop "$runtime" used
}

kernel_knows_no_tpm() { # RUNTIME
	local runtime=$1
	start_vtpm "$runtime" used
	assert_equal "$driver" "$(vtpmctl inspect used | jq -r .driver)" 'the driver'
	assert_equal '' "$(find /sys/class/tpm /sys/class/tpmrm -mindepth 1 2>/dev/null)" /sys/class/tpm
	in_container tpm2_getrandom --hex 4
	vm_stop "$runtime" used
}

# Opens DEVICE once for each of FDS, makes COUNT primary keys through each, and then
# reads the public part of every one. tpm2-tools opens the device anew each time, so
# this sends raw commands.
hold_objects() { # RUNTIME DEVICE FDS COUNT
	local create read
	# TPM2_CreatePrimary in the null hierarchy, of an ECDSA P-256 key
	create='8002 00000041 00000131 40000007 00000009 40000009 0000 00 0000 0004 0000 0000'
	create+='0018 0023 000b 00040072 0000 0010 0018 000b 0003 0010 0000 0000 0000 00000000'
	read='8001 0000000e 00000173' # TPM2_ReadPublic, up to the handle
	# shellcheck disable=SC2016 # the container's shell expands these
	vm_exec "$1" used sh -c '
		device=$0 fds=$1 count=$2 create=$3 read=$4
		ask() { # FD COMMAND
			printf "$2" >&$1
			answer=$(dd bs=4096 count=1 <&$1 2>/dev/null | hexdump -v -e "1/1 \"%02x\"")
			[ "$(echo $answer | cut -c 13-20)" = 00000000 ] || { echo "descriptor $1: $answer"; exit 1; }
		}
		held=
		for fd in $fds; do
			eval "exec $fd<>$device" || exit 1
			for i in $(seq $count); do
				ask $fd "$create"
				held="$held $fd:$(echo $answer | cut -c 21-28)"
			done
		done
		for object in $held; do
			ask ${object%:*} "$read$(echo ${object#*:} | sed "s/../\\\\x&/g")"
		done' "$2" "$3" "$4" "$(escape "$create")" "$(escape "$read")"
}

nodes_are_as_asked() { # RUNTIME
	local runtime=$1 kind='character special file' devices=(/dev/tpm3) device
	driver_has number || kind='regular empty file'
	! driver_has resource-manager || devices+=(/dev/tpmrm3)
	vm_bundle "$WORK/used" --annotation io.oci-vtpm.device=tpm3 --annotation io.oci-vtpm.uid=1000 \
		--annotation io.oci-vtpm.gid=2000 --annotation io.oci-vtpm.mode=0640
	vm_start "$runtime" used "$WORK/used"
	for device in "${devices[@]}"; do
		assert_equal "640 1000 2000 $kind" "$(in_container stat -c '%a %u %g %F' "$device")" "$device"
	done
	if in_container test -e /dev/tpm0; then
		fail '/dev/tpm0 exists'
	fi
	vm_stop "$runtime" used
}

both_hooks_are_one() { # RUNTIME
	local runtime=$1
	start_vtpm "$runtime" used --stage both
	assert_equal 1 "$(running_vtpms)" 'vTPMs'
	assert_equal "$(host_device_count)" "$(kernel_devices | wc -l)" 'kernel devices (tpm and tpmrm)'
	in_container tpm2_getrandom --hex 4
	vm_stop "$runtime" used
}

prestart_alone_works() { # RUNTIME
	local runtime=$1
	start_vtpm "$runtime" used --stage prestart
	in_container tpm2_getrandom --hex 4
	vm_stop "$runtime" used
}

readonly_root_works() { # RUNTIME
	local runtime=$1
	start_vtpm "$runtime" used --edit '.root.readonly = true'
	in_container tpm2_getrandom --hex 4
	vm_stop "$runtime" used
}

relative_rootfs_works() { # RUNTIME
	local runtime=$1
	mkdir -p "$WORK/used/rootfs"
	mount --bind /run/vm/rootfs "$WORK/used/rootfs"
	start_vtpm "$runtime" used --rootfs rootfs
	in_container tpm2_getrandom --hex 4
	vm_stop "$runtime" used
	umount "$WORK/used/rootfs"
}

without_annotation_nothing_happens() { # RUNTIME
	local runtime=$1
	vm_bundle "$WORK/used" --annotation org.example.other=1
	vm_start "$runtime" used "$WORK/used"
	if in_container test -e /dev/tpm0; then
		fail '/dev/tpm0 exists'
	fi
	vm_stop "$runtime" used
}

# crun as a foreground process waits for every descendant, the supervisor too.
foreground_run_ends() { # RUNTIME
	vm_bundle "$WORK/used" --annotation io.oci-vtpm.device=tpm0 -- tpm2_getrandom --hex 4
	assert_match '^[0-9a-f]{8}$' "$(timeout 120 "$1" run --bundle "$WORK/used" used </dev/null)" output
	wait_nothing_left
}

access_survives_update_and_pause() { # RUNTIME
	local runtime=$1
	start_vtpm "$runtime" used
	"$runtime" update --memory 268435456 used
	in_container tpm2_getrandom --hex 4
	"$runtime" pause used
	"$runtime" resume used
	in_container tpm2_getrandom --hex 4
	vm_stop "$runtime" used
}

killed_container_takes_its_tpm_along() { # RUNTIME
	local pid
	start_vtpm "$1" used --edit 'del(.hooks.poststop)'
	pid=$(vm_pid "$1" used)
	kill -KILL "$pid"
	wait_nothing_left
	# A FUSE mount is gone before the process is.
	vm_wait_exit "$pid" 60
	"$1" delete used
}

host_shutdown_is_orderly() { # RUNTIME
	start_vtpm "$1" used
	# What init sends to every process; in this order the emulator gets it first.
	pkill -TERM -x vtpm-emulator
	pkill -TERM -x vtpm-supervisor
	wait_nothing_left
	expect_log 'used: the TPM is shut down'
	"$1" delete --force used
}

start_syslog
for runtime in "${runtimes[@]}"; do
	run_test "$runtime: tpm2-tools on /dev/tpm0" tools_work_on "$runtime" /dev/tpm0
	if driver_has resource-manager; then
		run_test "$runtime: tpm2-tools on /dev/tpmrm0" tools_work_on "$runtime" /dev/tpmrm0
		run_test "$runtime: the resource manager swaps objects" resource_manager_swaps "$runtime"
	else
		run_difference "$runtime: no /dev/tpmrm0" 'the resource manager is the kernel driver'"'"'s' \
			no_resource_manager "$runtime"
	fi
	run_test "$runtime: names, owner and mode as annotated" nodes_are_as_asked "$runtime"
	driver_has number ||
		run_difference "$runtime: /dev/tpm0 is a file" 'a mounted file system, no character device' \
			device_is_a_file "$runtime"
	driver_has sysfs ||
		run_difference "$runtime: nothing in /sys/class/tpm" 'the kernel does not know that it is a TPM' \
			kernel_knows_no_tpm "$runtime"
	run_test "$runtime: prestart and createRuntime together" both_hooks_are_one "$runtime"
	run_test "$runtime: prestart alone" prestart_alone_works "$runtime"
	run_test "$runtime: a read-only root file system" readonly_root_works "$runtime"
	run_test "$runtime: a rootfs relative to the bundle" relative_rootfs_works "$runtime"
	run_test "$runtime: no annotation, no TPM" without_annotation_nothing_happens "$runtime"
	run_test "$runtime: run in the foreground ends" foreground_run_ends "$runtime"
	run_test "$runtime: access survives update, pause, resume" access_survives_update_and_pause "$runtime"
	run_test "$runtime: a killed container takes its TPM along, without poststop" \
		killed_container_takes_its_tpm_along "$runtime"
	run_test "$runtime: SIGTERM to everything shuts the TPM down in order" host_shutdown_is_orderly "$runtime"
done
finish
