# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The oci-vtpm authors
#
# What the VM suites share. A suite is a script that sources this file, defines
# functions, and names them:
#
#   run_test 'what is true when this passes' FUNCTION [ARG...]
#   finish
#
# A test runs in a subshell of its own with `set -e`; its output is shown when it
# fails. After each one nothing of a vTPM may be left in the machine but its state,
# and that is part of the test. Each begins without any state, and with settings for a
# slow machine.
#
# A suite takes arguments: SUITE [DRIVER [RUNTIME...]]. DRIVER is what config.json says
# (default: auto, which is vtpmx on the machine's kernel); RUNTIME is runc or crun
# (default: both), in the array runtimes. What a driver cannot do is never skipped:
#
#   driver_has WHAT               see there
#   run_difference 'what differs' 'why' FUNCTION [ARG...]
#       a test of what is there instead; named an expected difference

# shellcheck source=tests/vm/containers.sh
. "$VM_TOP/tests/vm/containers.sh"

WORK=/run/suite
mkdir -p "$WORK"
driver=${1:-auto}
shift $(($# > 0))
runtimes=("$@")
((${#runtimes[@]})) || runtimes=(runc crun)

# What a driver's device has that another's may lack:
#   resource-manager   a /dev/tpmrm0, for TPM 2.0
#   number             it is a character device, with a major and a minor number
#   host-device        the host's kernel has a device of its own for it
#   sysfs              the kernel knows that it is a TPM: /sys/class/tpm
driver_has() { # WHAT
	case $driver:$1 in
	auto:* | vtpmx:*) true ;;
	cuse:number | cuse:host-device) true ;;
	cuse:resource-manager | cuse:sysfs) false ;;
	fuse:resource-manager | fuse:number | fuse:host-device | fuse:sysfs) false ;;
	*)
		printf 'driver_has: %s of the driver %s?\n' "$1" "$driver" >&2
		exit 2
		;;
	esac
}
driver_has number || true # ends here if the driver's name is wrong

# Devices that a vTPM 2.0 has on the host.
host_device_count() {
	local count=0
	! driver_has host-device || count=1
	! driver_has resource-manager || count=$((count + 1))
	printf '%d\n' "$count"
}
passed=0
failed=0

# The supervisors' log. Lines go to a file that tests may read.
LOG=$WORK/syslog
start_syslog() {
	busybox syslogd -n -O "$LOG" -S &
	vm_wait_file /dev/log 10
}

# A line in the log since the test, or the last call of mark_log, began. syslogd
# writes it some time after it was sent.
mark_log() {
	LOG_MARK=0
	[[ ! -e $LOG ]] || LOG_MARK=$(wc -l <"$LOG")
}

log_has() { # REGEX
	tail -n "+$((LOG_MARK + 1))" "$LOG" | grep -qE "$1"
}

expect_log() { # REGEX
	vm_wait_until 30 log_has "$1" || fail "no line matches '$1' in the log: $(tail -n "+$((LOG_MARK + 1))" "$LOG")"
}

# Software emulation on two shared cores: what takes 20 ms on hardware may take
# seconds when 50 containers start at once.
mkdir -p /etc/oci-vtpm
configure() { # JSON
	local json=$1
	if [[ $driver != auto && $json != *'"driver"'* ]]; then
		json="{\"driver\": \"$driver\", ${json#\{}"
	fi
	printf '%s\n' "$json" >/etc/oci-vtpm/config.json
}
be_patient() {
	configure '{"startTimeoutSeconds": 600, "stopTimeoutSeconds": 60}'
}

# Not zombies: who has exited holds nothing any more. A supervisor bears the hook's
# name between fork and exec.
processes() {
	local pattern
	for pattern in '^vtpm-' '^oci-vtpm-hook'; do
		pgrep --runstates R,S,D,T,t -a "$pattern" || true
	done
}

wait_processes() {
	local pid
	for pid in $(processes | cut -d ' ' -f 1); do
		vm_wait_exit "$pid" 120 || fail "still there: $(processes)"
	done
}

kernel_devices() {
	find /sys/class/tpm /sys/class/tpmrm /sys/class/cuse -mindepth 1 -maxdepth 1 2>/dev/null
}

# FUSE file systems: there is one as long as it is mounted anywhere, in whatever
# namespace, or a file in it is open.
fuse_connections() {
	[[ ! -d /sys/fs/fuse/connections ]] || mountpoint -q /sys/fs/fuse/connections ||
		mount -t fusectl fusectl /sys/fs/fuse/connections
	find /sys/fs/fuse/connections -mindepth 1 -maxdepth 1 2>/dev/null
}

no_fuse_connections() {
	[[ -z $(fuse_connections) ]]
}

run_files() {
	[[ ! -d /run/oci-vtpm ]] || ls /run/oci-vtpm
}

everything_left() {
	processes
	kernel_devices
	run_files
}

nothing_left() {
	[[ -z $(everything_left) ]]
}

# Most ends are over when the command that asked for them returns. For the others a
# supervisor's exit is the last thing that happens.
wait_nothing_left() {
	wait_processes
	nothing_left || fail "left: $(everything_left)"
}

fail() {
	printf 'FAILED: %s\n' "$*"
	return 1
}

assert_equal() { # WANTED GOT WHAT
	[[ $1 == "$2" ]] || fail "$3: wanted '$1', got '$2'"
}

assert_match() { # REGEX TEXT WHAT
	[[ $2 =~ $1 ]] || fail "$3: no match for '$1' in: $2"
}

run_test() { # NAME FUNCTION [ARG...]
	local name=$1 start=$EPOCHREALTIME
	shift
	rm -rf /var/lib/oci-vtpm
	be_patient
	(
		set -e
		mark_log
		"$@"
	) >"$WORK/output" 2>&1 &
	local status=0
	wait $! || status=$?
	if ((status == 0)) && ! nothing_left; then
		{
			echo 'FAILED: the test left behind:'
			everything_left
		} >>"$WORK/output"
		status=1
	fi
	# A mount goes with its container, whose end takes the kernel a moment.
	if ((status == 0)) && ! vm_wait_until 20 no_fuse_connections; then
		printf 'FAILED: the test left behind: %s\n' "$(fuse_connections)" >>"$WORK/output"
		status=1
	fi
	local took=$(((${EPOCHREALTIME/./} - ${start/./}) / 1000))
	if ((status == 0)); then
		passed=$((passed + 1))
		printf 'ok - %s (%d ms)\n' "$name" "$took"
	else
		failed=$((failed + 1))
		printf 'not ok - %s (%d ms)\n' "$name" "$took"
		sed 's/^/    /' "$WORK/output"
		if [[ -s $LOG ]]; then
			echo '    the log ends with:'
			tail -n 15 "$LOG" | sed 's/^/    /'
		fi
		clean_up_after_failure
	fi
}

# The driver's name is in the test's.
run_difference() { # WHAT WHY FUNCTION [ARG...]
	local name="$driver: $1 (expected difference: $2)"
	shift 2
	run_test "$name" "$@"
}

# One failure must not make all that follow fail too.
clean_up_after_failure() {
	local runtime id
	for runtime in runc crun; do
		for id in $("$runtime" list -q 2>/dev/null); do
			"$runtime" delete --force "$id" >/dev/null 2>&1
		done
	done
	pkill -KILL '^vtpm-' 2>/dev/null
	wait_processes
	rm -rf /run/oci-vtpm/*
	! mountpoint -q /var/lib/oci-vtpm || umount /var/lib/oci-vtpm
}

finish() {
	printf '%d passed, %d failed\n' "$passed" "$failed"
	((failed == 0)) || exit 1
	exit 0
}

# Starts a container with a vTPM: start_vtpm RUNTIME ID [vm_bundle OPTION]...
start_vtpm() {
	local runtime=$1 id=$2
	shift 2
	vm_bundle "$WORK/$id" --annotation io.oci-vtpm.device=tpm0 "$@"
	vm_start "$runtime" "$id" "$WORK/$id"
}

# A container, bad, must not start, and the runtime must pass the hook's line on.
expect_refusal() { # REGEX [vm_bundle OPTION]...
	local regex=$1 output
	shift
	vm_bundle "$WORK/bad" "$@"
	mark_log
	if output=$(vm_start "$runtime" bad "$WORK/bad" 2>&1); then
		"$runtime" delete --force bad
		fail 'the container started'
	fi
	# crun discards what a hook prints; the log has it in any case.
	[[ $runtime == crun ]] || assert_match "$regex" "$output" message
	expect_log "oci-vtpm-hook.*$regex"
}

forget_refused() {
	"$runtime" delete --force bad >/dev/null 2>&1 || true
	[[ ! -e /run/$runtime/bad ]] || fail "$runtime kept the container"
}

# The same, and the attempt leaves nothing: where no others run.
start_refused() { # REGEX [vm_bundle OPTION]...
	expect_refusal "$@"
	wait_nothing_left
	forget_refused
	[[ ! -e /var/lib/oci-vtpm/instances/_container ]] || fail 'an instance was left that nobody has used'
}

# How many vtpmctl knows of; instances that are only kept do not count.
running_vtpms() {
	vtpmctl list --json | jq '[.[] | select(.containerId)] | length'
}

# Hex as an argument for printf.
escape() { # HEX
	# shellcheck disable=SC2001 # ${//} cannot put something before each match
	sed 's/../\\x&/g' <<<"${1// /}"
}

# What a driver without resource manager gives.
no_resource_manager() { # RUNTIME
	start_vtpm "$1" used
	vm_exec "$1" used test -e /dev/tpm0
	if vm_exec "$1" used test -e /dev/tpmrm0; then
		fail 'there is a /dev/tpmrm0'
	fi
	assert_equal '["/dev/tpm0"]' "$(vtpmctl inspect used | jq -c '[.devices[].path]')" devices
	vm_stop "$1" used
}

# A raw command on a device in a container; prints the response in hex.
# A response is lost unless one read takes all of it.
raw_command() { # RUNTIME ID DEVICE HEX
	local escaped
	escaped=$(escape "$4")
	vm_exec "$1" "$2" sh -c "
		exec 3<>$3 || exit 1
		printf '$escaped' >&3 || exit 1
		dd bs=4096 count=1 <&3 2>/dev/null | hexdump -v -e '1/1 \"%02x\"'"
}
