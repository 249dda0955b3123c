#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The oci-vtpm authors
#
# Podman as root, by the hooks that `make install` puts into its hooks.d.

. "$(dirname "$0")/harness.sh"

image=localhost/oci-vtpm-demo
idle=(/bin/sh -c 'trap "exit 0" TERM; while :; do sleep 86400 & wait; done')

vtpm_run() { # [OPTION]... (of podman run)
	podman --runtime "$runtime" run --annotation io.oci-vtpm.device=tpm0 \
		--env TPM2TOOLS_TCTI=device:/dev/tpm0 "$@"
}

run_background() { # NAME
	vtpm_run --detach --name "$1" "$image" "${idle[@]}"
}

run_and_exec() {
	assert_match '^[0-9a-f]{16}$' "$(vtpm_run --rm "$image" tpm2_getrandom --hex 8)" 'podman run'
	wait_nothing_left
	run_background p
	assert_match '^[0-9a-f]{16}$' "$(podman exec p tpm2_getrandom --hex 8)" 'podman exec'
	podman rm -f -t 10 p
	wait_nothing_left
}

stop_and_start() {
	local first second
	run_background p
	first=$(vtpmctl list --json | jq -r '.[0].supervisorPid')
	podman stop -t 20 p
	wait_nothing_left
	podman start p
	second=$(vtpmctl list --json | jq -r '.[0].supervisorPid')
	[[ $first != "$second" ]] || fail 'the same supervisor'
	podman exec p tpm2_getrandom --hex 8
	podman rm -f -t 10 p
	wait_nothing_left
}

nv() { # define|read NAME
	case $1 in
	define) podman exec "$2" sh -c 'tpm2_nvdefine -Q 0x1500016 -C o -s 4 -a "ownerread|ownerwrite" &&
		printf kept | tpm2_nvwrite -Q 0x1500016 -C o -i -' ;;
	read) podman exec "$2" tpm2_nvread 0x1500016 -C o -s 4 ;;
	esac
}

# By the container's id, as long as there is the container.
state_survives_stop() {
	run_background p
	nv define p
	podman stop -t 20 p
	podman start p
	assert_equal kept "$(nv read p)" 'after stop and start'
	podman restart -t 20 p
	assert_equal kept "$(nv read p)" 'after restart'
	podman rm -f -t 10 p
	wait_nothing_left
	run_background p
	if nv read p; then
		fail 'another container of this name has the state'
	fi
	podman rm -f -t 10 p
	wait_nothing_left
}

name_survives_removal() {
	vtpm_run --detach --annotation io.oci-vtpm.name=web --name p "$image" "${idle[@]}"
	nv define p
	podman rm -f -t 10 p
	wait_nothing_left
	vtpm_run --detach --annotation io.oci-vtpm.name=web --name q "$image" "${idle[@]}"
	assert_equal kept "$(nv read q)" 'in another container'
	podman rm -f -t 10 q
	wait_nothing_left
}

kill_it() {
	run_background p
	podman kill p
	podman wait p
	wait_nothing_left
	podman rm p
}

restart() {
	run_background p
	for _ in 1 2 3; do
		podman restart -t 20 p
		podman exec p tpm2_getrandom --hex 8
		assert_equal 1 "$(running_vtpms)" vTPMs
	done
	podman rm -f -t 10 p
	wait_nothing_left
}

remove_by_force() {
	run_background p
	podman rm -f -t 0 p
	wait_nothing_left
}

# Podman never runs poststop then, while the container goes on, with its TPM.
monitor_killed() {
	local monitor init
	run_background p
	init=$(podman inspect --format '{{.State.Pid}}' p)
	monitor=$(podman inspect --format '{{.State.ConmonPid}}' p)
	kill -KILL "$monitor"
	vm_wait_exit "$monitor" 30
	nsenter --target "$init" --mount --root chroot . tpm2_getrandom -T device:/dev/tpm0 --hex 8
	assert_equal serving "$(vtpmctl list --json | jq -r '.[0].state')" state
	kill -KILL "$init"
	wait_nothing_left
	podman rm -f p
}

a_bad_annotation_is_said() {
	local output
	if output=$(vtpm_run --rm --annotation io.oci-vtpm.versoin=1.2 "$image" true 2>&1); then
		fail 'the container started'
	fi
	# crun discards what a hook prints; the log has it in any case.
	[[ $runtime == crun ]] || assert_match 'unknown annotation io.oci-vtpm.versoin' "$output" message
	expect_log 'unknown annotation io.oci-vtpm.versoin'
	wait_nothing_left
}

without_annotation() {
	if podman --runtime "$runtime" run --rm "$image" test -e /dev/tpm0; then
		fail 'a /dev/tpm0 without annotation'
	fi
}

start_syslog
vm_podman_setup
for runtime in "${runtimes[@]}"; do
	run_test "podman, $runtime: run, exec" run_and_exec
	run_test "podman, $runtime: stop, start" stop_and_start
	run_test "podman, $runtime: state over stop, start, restart" state_survives_stop
	run_test "podman, $runtime: a name over rm" name_survives_removal
	run_test "podman, $runtime: kill" kill_it
	run_test "podman, $runtime: restart" restart
	run_test "podman, $runtime: rm -f" remove_by_force
	run_test "podman, $runtime: SIGKILL of conmon" monitor_killed
	run_test "podman, $runtime: a wrong annotation" a_bad_annotation_is_said
	run_test "podman, $runtime: no annotation, no TPM" without_annotation
done
finish
