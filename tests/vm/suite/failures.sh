#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The oci-vtpm authors
#
# Whatever goes wrong: the runtime gets an exit status and one line that says what,
# and no device, process or file is left.

. "$(dirname "$0")/harness.sh"

hook=/usr/libexec/oci/hooks.d/oci-vtpm-hook

# The hook alone, with STATE on standard input, must fail with one line that matches.
hook_refuses() { # REGEX STATE [STAGE]
	local output status=0
	output=$("$hook" "${3-createRuntime}" <<<"$2" 2>&1) || status=$?
	assert_equal 1 "$status" "exit status ($output)"
	assert_equal 1 "$(wc -l <<<"$output")" "lines of: $output"
	assert_match "$1" "$output" message
}

state() { # [ANNOTATIONS]
	printf '{"ociVersion":"1.0.2","id":"bad","status":"creating","pid":1,"bundle":"/nonexistent","annotations":%s}' \
		"${1-{\"io.oci-vtpm.device\":\"tpm0\"\}}"
}

bad_state() {
	local output
	output=$("$hook" createRuntime </dev/null 2>&1) && fail 'empty state was taken'
	assert_match 'state is empty' "$output" message
	hook_refuses 'state: line 2, column 1: the text ends too early' '{"id": "bad", '
	hook_refuses 'state: not a JSON object' '[]'
	hook_refuses 'state: "id" is missing' '{"bundle": "/b"}'
	hook_refuses 'state: "id" is of type int, not string' '{"id": 1, "bundle": "/b"}'
	hook_refuses 'state: "pid" is of type string, not int' '{"id": "a", "bundle": "/b", "pid": "1"}'
	hook_refuses 'state: "annotations" is of type array' '{"id": "a", "bundle": "/b", "annotations": []}'
	hook_refuses 'state: "bundle" is not an absolute path' '{"id": "a", "bundle": "b"}'
	hook_refuses 'state: line 1, column [0-9]+: text after the end of the JSON value' "$(state) x"
	hook_refuses 'cannot open the bundle.s /nonexistent/config.json: No such file' "$(state)"
	hook_refuses 'container id "../../etc"' \
		'{"id": "../../etc", "bundle": "/b", "pid": 1, "annotations": {"io.oci-vtpm.device": "tpm0"}}'
	hook_refuses 'state: "pid" is missing or 0' \
		'{"id": "a", "bundle": "/b", "annotations": {"io.oci-vtpm.device": "tpm0"}}'
	head -c 1100000 /dev/zero | tr '\0' ' ' >"$WORK/big"
	state >>"$WORK/big"
	output=$("$hook" createRuntime <"$WORK/big" 2>&1) && fail 'a state of 1 MiB was taken'
	assert_match 'state is larger than 1048576 bytes' "$output" message
}

bad_command_line() {
	local output status=0
	output=$("$hook" 2>&1 </dev/null) || status=$?
	assert_equal 2 "$status" 'exit status without argument'
	output=$("$hook" createContainer 2>&1 </dev/null) || status=$?
	assert_match '"createContainer" is not prestart, createRuntime or poststop' "$output" message
}

bad_annotations() {
	hook_refuses 'unknown annotation io.oci-vtpm.devcie' "$(state '{"io.oci-vtpm.devcie":"tpm0"}')"
	hook_refuses 'device name "tpm00" is not tpm0 to tpm65535' "$(state '{"io.oci-vtpm.device":"tpm00"}')"
	hook_refuses 'device name "../tpm0"' "$(state '{"io.oci-vtpm.device":"../tpm0"}')"
	hook_refuses 'without io.oci-vtpm.device' "$(state '{"io.oci-vtpm.version":"2.0"}')"
	hook_refuses 'annotation io.oci-vtpm.version: "3.0" is not 2.0 or 1.2' \
		"$(state '{"io.oci-vtpm.device":"tpm0","io.oci-vtpm.version":"3.0"}')"
	hook_refuses 'annotation io.oci-vtpm.mode: "01777" is not' \
		"$(state '{"io.oci-vtpm.device":"tpm0","io.oci-vtpm.mode":"01777"}')"
	hook_refuses 'annotation io.oci-vtpm.device is not a string' "$(state '{"io.oci-vtpm.device":0}')"
	hook_refuses 'annotation io.oci-vtpm.pcr-banks: "sha3" is not a PCR bank' \
		"$(state '{"io.oci-vtpm.device":"tpm0","io.oci-vtpm.pcr-banks":"sha256,sha3"}')"
	hook_refuses 'annotation io.oci-vtpm.name: "default/web" contains a slash' \
		"$(state '{"io.oci-vtpm.device":"tpm0","io.oci-vtpm.name":"default/web"}')"
	hook_refuses 'annotation io.oci-vtpm.name: instance name "Web" is not' \
		"$(state '{"io.oci-vtpm.device":"tpm0","io.oci-vtpm.name":"Web"}')"
	hook_refuses 'an instance with a name is not ephemeral' \
		"$(state '{"io.oci-vtpm.device":"tpm0","io.oci-vtpm.name":"web","io.oci-vtpm.ephemeral":"true"}')"
}

runtime_says_it() {
	start_refused 'unknown annotation io.oci-vtpm.devcie' --annotation io.oci-vtpm.devcie=tpm0
}

poststop_without_start() {
	"$hook" poststop <<<"$(state)"
	"$hook" poststop <<<'{"id": "bad", "bundle": "/b", "status": "stopped"}'
}

bad_config() {
	local wanted json
	while IFS='|' read -r json wanted; do
		configure "$json"
		hook_refuses "/etc/oci-vtpm/config.json: $wanted" "$(state)"
	done <<'END'
{"drivers": "auto"}|unknown key "drivers"
{"driver": 1}|"driver" is of type int, not string
{"driver": "tpm"}|"driver": no driver "tpm" in this build
{"startTimeoutSeconds": 0}|"startTimeoutSeconds" is 0, not between 1 and 3600
{"stateDir": "state"}|"stateDir": "state" is not an absolute path
{"hostKey": {"file": "/k", "credential": "k"}}|"hostKey" has to have one of "file" and "credential"
{"loadModule": "no"}|"loadModule" is of type string, not boolean
{"driver": |line 2, column 1
END
}

# Filters for --edit: no mount on /dev, or something else bound there.
no_dev='.mounts |= map(select(.destination | startswith("/dev") | not))'
dev_is() { # SOURCE OPTIONS
	printf '%s | .mounts += [{"destination": "/dev", "type": "bind", "source": "%s", "options": ["%s"]}]' \
		"$no_dev" "$1" "${2// /\", \"}"
}

hostile_dev() {
	local rootfs=$WORK/hostile link
	local bundle=(--annotation io.oci-vtpm.device=tpm0 --rootfs "$rootfs")
	mkdir -p "$rootfs" /srv/outside
	vm_rootfs "$rootfs"

	echo 'a /dev without a file system of its own'
	start_refused '/dev in the container is a directory of its rootfs' "${bundle[@]}" \
		--edit ".root.readonly = false | $no_dev"
	[[ ! -e $rootfs/dev/tpm0 ]] || fail 'a node was left in the image'

	echo 'the /dev of the host'
	start_refused '/dev in the container is the host.s file system at /dev' "${bundle[@]}" --edit "$(dev_is /dev rbind)"
	[[ ! -e /dev/tpm0 ]] || fail 'there is a /dev/tpm0 on the host'

	for link in /srv/outside ../../../../../srv/outside; do
		echo "/dev is a symbolic link to $link"
		rm -rf "${rootfs:?}/dev"
		ln -s "$link" "$rootfs/dev"
		start_refused '/dev in the container is a symbolic link' "${bundle[@]}" \
			--edit ".root.readonly = false | $no_dev"
		# The runtimes themselves put links like `fd` there.
		assert_equal '' "$(find /srv/outside -name 'tpm*')" 'nodes in /srv/outside'
	done
	rm "$rootfs/dev"
	mkdir "$rootfs/dev"

	echo 'a tmpfs of the host'
	mount -t tmpfs tmpfs /srv/outside
	mkdir /srv/outside/pts /srv/outside/shm /srv/outside/mqueue
	start_refused '/dev in the container is the host.s file system at /srv/outside' "${bundle[@]}" \
		--edit "$(dev_is /srv/outside bind)"
	[[ ! -e /srv/outside/tpm0 ]] || fail 'a node was left in /srv/outside'
	umount /srv/outside "$rootfs"
}

# A hook that runs before ours puts something into the container's /dev.
name_is_taken() {
	local kind name wanted names=(tpm0)
	! driver_has resource-manager || names+=(tpmrm0)
	cat >"$WORK/squatter" <<'END'
#!/bin/sh
pid=$(jq .pid)
cd "/proc/$pid/root/run/vm/rootfs/dev" || exit 1
case $1 in
file) touch "$2" ;;
symlink) ln -s /etc/passwd "$2" ;;
dangling) ln -s ../../../../srv/outside/made "$2" ;;
directory) mkdir "$2" ;;
chardev) mknod "$2" c 1 3 ;;
esac
END
	chmod 755 "$WORK/squatter"
	mkdir -p /srv/outside
	for name in "${names[@]}"; do
		while read -r kind wanted; do
			echo "$name: $kind"
			start_refused "/dev/$name in the container is $wanted already, left as it is" \
				--annotation io.oci-vtpm.device=tpm0 \
				--edit ".hooks.createRuntime |= [{\"path\": \"$WORK/squatter\", \"args\": [\"squatter\", \"$kind\", \"$name\"],
					\"env\": [\"PATH=/usr/sbin:/usr/bin\"]}] + ."
			[[ ! -e /srv/outside/made ]] || fail 'the link was followed'
		done <<'END'
file a regular file
symlink a symbolic link
dangling a symbolic link
directory a directory
chardev a character device 1:3
END
	done
}

user_namespace_is_refused() {
	start_refused 'user namespace' --annotation io.oci-vtpm.device=tpm0 --userns
}

missing_user() {
	cp /etc/passwd "$WORK/passwd"
	sed -i '/^oci-vtpm:/d' /etc/passwd
	start_refused 'the system user oci-vtpm does not exist' --annotation io.oci-vtpm.device=tpm0
	cp "$WORK/passwd" /etc/passwd
}

missing_program() { # PROGRAM
	mv "/usr/libexec/oci-vtpm/$1" "$WORK/$1"
	start_refused "cannot (execute|open) /usr/libexec/oci-vtpm/$1: No such file" --annotation io.oci-vtpm.device=tpm0
	mv "$WORK/$1" "/usr/libexec/oci-vtpm/$1"
}

# The emulator is replaced by a program that ends it in the way asked for, before
# it has answered.
emulator_dies() { # COMMAND
	mv /usr/libexec/oci-vtpm/vtpm-emulator "$WORK/"
	printf '#!/bin/sh\n%s\n' "$1" >/usr/libexec/oci-vtpm/vtpm-emulator
	chmod 755 /usr/libexec/oci-vtpm/vtpm-emulator
	start_refused "$2" --annotation io.oci-vtpm.device=tpm0
	mv "$WORK/vtpm-emulator" /usr/libexec/oci-vtpm/
}

emulator_is_silent() {
	configure '{"startTimeoutSeconds": 2}'
	emulator_dies 'exec sleep 1000' 'the emulator did not answer in time'
}

no_space_in_run() { # inodes|bytes
	mkdir -p /run/oci-vtpm
	mount -t tmpfs -o "mode=755,uid=$(id -u oci-vtpm),gid=$(id -g oci-vtpm),$1" tmpfs /run/oci-vtpm
	[[ $1 != size* ]] || head -c 100000 /dev/zero >/run/oci-vtpm/.full 2>/dev/null || true
	start_refused 'No space left on device' --annotation io.oci-vtpm.device=tpm0
	umount /run/oci-vtpm
}

run_dir_is_not_ours() {
	rm -rf /run/oci-vtpm
	mkdir -p /srv/empty
	ln -s /srv/empty /run/oci-vtpm
	start_refused '/run/oci-vtpm is not a directory that only user' --annotation io.oci-vtpm.device=tpm0
	rm /run/oci-vtpm
	mkdir /run/oci-vtpm
	chmod 777 /run/oci-vtpm
	chown oci-vtpm: /run/oci-vtpm
	start_refused '/run/oci-vtpm is not a directory that only user' --annotation io.oci-vtpm.device=tpm0
	rmdir /run/oci-vtpm
}

# With KILL_STEP=1 in the environment the hook is killed at each step. Each takes
# seconds, so there are fewer with a second driver, where the hook takes much the same ones.
kill_step() {
	if [[ ${KILL_STEP-} ]]; then
		echo "$KILL_STEP"
	elif [[ $driver == auto && $VM_VTPM_PROXY == kernel ]]; then
		echo 6
	else
		echo 12
	fi
}

# The hook is killed at every STEPth system call, from the one that reads the state
# on. Which ones there are is seen in a run that is left alone.
hook_killed_anywhere() { # STEP
	local call nth steps kills=0 tried=0
	cat >"$WORK/traced-hook" <<END
#!/bin/sh
exec strace -o "$WORK/trace" \$(cat "$WORK/inject") $hook "\$@"
END
	chmod 755 "$WORK/traced-hook"
	vm_bundle "$WORK/bad" --annotation io.oci-vtpm.device=tpm0 \
		--edit ".hooks.createRuntime[0].path = \"$WORK/traced-hook\""
	: >"$WORK/inject"
	vm_start "$runtime" bad "$WORK/bad"
	vm_stop "$runtime" bad
	# strace counts each system call by itself.
	steps=$(awk -F '(' '/^[a-z]/ { nth[$1]++ } /^read\(0,/ { go = 1 } go && /^[a-z]/ { print $1, nth[$1] }' "$WORK/trace" |
		awk -v step="$1" 'NR % step == 1 % step')
	while read -r call nth <&9; do
		tried=$((tried + 1))
		echo "-e inject=$call:signal=KILL:when=$nth" >"$WORK/inject"
		if vm_start "$runtime" bad "$WORK/bad" 2>/dev/null; then
			# It needed one poll less, say, than before.
			vm_stop "$runtime" bad
			continue
		fi
		kills=$((kills + 1))
		echo "killed at $call number $nth"
		wait_nothing_left
		"$runtime" delete --force bad >/dev/null 2>&1 || true
	done 9<<<"$steps"
	echo "$kills kills in $tried tries"
	((tried > 10 && kills * 10 > tried * 8)) || fail 'the hook got through too often'
}

same_id_twice() {
	start_vtpm "$runtime" bad
	hook_refuses 'a container of this id has a vTPM already: its init is process' "$(state)"
	vm_exec "$runtime" bad tpm2_getrandom --hex 4
	vm_stop "$runtime" bad
}

supervisor_killed() {
	start_vtpm "$runtime" bad
	kill -KILL "$(vtpmctl inspect bad | jq .supervisorPid)"
	wait_processes
	assert_equal dead "$(vtpmctl inspect bad | jq -r .state)" 'state'
	# poststop removes what it left
	vm_stop "$runtime" bad
}

vtpmctl_stops() {
	start_vtpm "$runtime" bad
	vtpmctl stop ba
	nothing_left || fail "left: $(everything_left)"
	vm_stop "$runtime" bad
	if vtpmctl stop bad 2>"$WORK/error"; then
		fail 'stopping what is not there'
	fi
	assert_match 'no vTPM of a container "bad"' "$(cat "$WORK/error")" message
	assert_equal 0 "$(running_vtpms)" 'vTPMs'
}

start_syslog
runtime=crun
run_test 'a wrong command line' bad_command_line
run_test 'a wrong state' bad_state
run_test 'wrong annotations' bad_annotations
run_test 'poststop without a start' poststop_without_start
run_test 'a wrong config.json' bad_config
for runtime in "${runtimes[@]}"; do
	run_test "$runtime passes the message on" runtime_says_it
	run_test "$runtime: /dev is a trap" hostile_dev
	run_test "$runtime: the node's name is taken" name_is_taken
	run_test "$runtime: a user namespace" user_namespace_is_refused
	run_test "$runtime: the hook is killed at any step" hook_killed_anywhere "$(kill_step)"
	run_test "$runtime: another container with the same id" same_id_twice
	run_test "$runtime: the supervisor is killed" supervisor_killed
	run_test "$runtime: vtpmctl stop" vtpmctl_stops
done
run_test 'the system user is missing' missing_user
run_test 'the supervisor is missing' missing_program vtpm-supervisor
run_test 'the emulator is missing' missing_program vtpm-emulator
run_test 'the emulator exits at once' emulator_dies 'exit 3' 'the emulator ended unexpectedly: exit status 3'
run_test 'the emulator is killed during the start' emulator_dies 'kill -KILL $$' \
	'the emulator ended unexpectedly: killed by signal 9 .Killed.'
run_test 'the emulator does not answer' emulator_is_silent
run_test 'no inode left in /run' no_space_in_run nr_inodes=1
run_test 'no inode left in /run for the socket' no_space_in_run nr_inodes=2
run_test 'no inode left in /run for vtpm.json' no_space_in_run nr_inodes=3
run_test 'no block left in /run for vtpm.json' no_space_in_run size=4k
run_test 'the run-time directory is not ours' run_dir_is_not_ours
finish
