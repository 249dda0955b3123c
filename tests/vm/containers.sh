# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The oci-vtpm authors
#
# Containers for scripts that run in the test VM, or by tests/host/run. Source it:
#
#   . "$VM_TOP/tests/vm/containers.sh"
#
#   vm_rootfs [DIR]
#       A root file system for containers at DIR, backed by the demo image and
#       writable. Without DIR: prints the one that vm_bundle's containers share.
#
#   vm_bundle DIR [OPTION]... [-- ARG...]
#       An OCI bundle at DIR that runc and crun both take. ARG... is the command;
#       without one the container idles, reaps and ends on SIGTERM. Costs no
#       process unless DIR has to be made or --edit is given.
#         --stage STAGE           where the hook is called: createRuntime (default),
#                                 prestart, both, none. With one, also at poststop.
#         --annotation KEY=VALUE  may be repeated
#         --env NAME=VALUE        may be repeated
#         --rootfs DIR            instead of the shared one
#         --userns                a user namespace: 0..65535 is 100000..165535 outside
#         --edit FILTER           jq filter over the finished config.json (0.2 s)
#       Without --annotation the hook finds nothing to do.
#
#   vm_start RUNTIME ID BUNDLE    starts a container in the background of the runtime;
#                                 its output goes to BUNDLE/log
#   vm_exec RUNTIME ID ARG...     runs a command in it
#   vm_pid RUNTIME ID             prints the pid of its init
#   vm_stop RUNTIME ID            SIGTERM, wait, delete
#
#   vm_podman_setup
#       Podman with the demo image as localhost/oci-vtpm-demo, on a tmpfs, with the
#       cgroupfs manager, no network and no pulling. Hook directories as shipped.
#
#   vm_wait_file PATH SECONDS     waits until PATH exists
#   vm_wait_gone PATH SECONDS     waits until it does not
#       Both by inotify, so PATH is in a real file system or /dev, not in /sys or
#       /proc; its directory exists.
#   vm_wait_uevent SECONDS COMMAND...
#       waits until COMMAND succeeds, trying after every event of a kernel device
#   vm_wait_exit PID SECONDS      waits for the end of any process, child or not
#   vm_wait_until SECONDS COMMAND...
#       last resort: tries COMMAND every 50 ms
#       All of them return 1 when the time is over.
#
#   vm_cgroup_devices PID         prints the directory of its device cgroup

# shellcheck disable=SC2120 # DIR is for callers elsewhere
vm_rootfs() {
	local shared=/run/vm/rootfs
	if [[ ! ${VM_DEMO-} ]]; then
		echo 'vm_rootfs: no demo image: see what tests/vm/run said at its start' >&2
		return 1
	fi
	if (($# == 0)); then
		# The VM's start mounted it.
		printf '%s\n' "$shared"
		return
	fi
	# An overlay of its own on the one image costs a millisecond, a copy a second.
	# upperdir must not lie in the VM's root, which is an overlay itself.
	local layer
	mkdir -p "$1" /run/vm/layers
	layer=$(mktemp -d /run/vm/layers/XXXXXX)
	mkdir "$layer/data" "$layer/work"
	chmod 755 "$layer/data"
	mount -t overlay -o "lowerdir=$VM_DEMO/rootfs,upperdir=$layer/data,workdir=$layer/work" overlay "$1"
}

# Appends VALUE to the variable NAME as a JSON string, after a comma where there is
# something already. Not through jq, which takes longer to start than a container.
_vm_json_string() { # NAME VALUE
	local -n _vm_json=$1
	local _vm_value=$2
	_vm_value=${_vm_value//\\/\\\\}
	_vm_value=${_vm_value//\"/\\\"}
	_vm_value=${_vm_value//$'\n'/\\n}
	_vm_value=${_vm_value//$'\t'/\\t}
	_vm_json+="${_vm_json:+,}\"$_vm_value\""
}

vm_bundle() {
	local dir=$1 stage=createRuntime rootfs=/run/vm/rootfs edit='' userns=''
	local annotations='' args='' env='' value option
	shift
	_vm_json_string env "PATH=/usr/sbin:/usr/bin:/sbin:/bin"
	_vm_json_string env "TPM2TOOLS_TCTI=device:/dev/tpm0"
	while (($#)); do
		option=$1
		shift
		case $option in
		--userns)
			userns=yes
			continue
			;;
		--) break ;;
		--stage) stage=$1 ;;
		--annotation)
			value=''
			_vm_json_string value "${1#*=}"
			_vm_json_string annotations "${1%%=*}"
			annotations+=:$value
			;;
		--env) _vm_json_string env "$1" ;;
		--rootfs) rootfs=$1 ;;
		--edit) edit=$1 ;;
		*)
			printf 'vm_bundle: unknown option %s\n' "$option" >&2
			return 2
			;;
		esac
		shift
	done
	if (($# == 0)); then
		# `wait` also reaps the orphans that end up with this shell.
		set -- /bin/sh -c 'trap "exit 0" TERM; while :; do sleep 86400 & wait; done'
	fi
	local word
	for word; do
		_vm_json_string args "$word"
	done

	[[ -d $dir ]] || mkdir -p "$dir" || return
	_vm_config >"$dir/config.json" || return
	if [[ $edit ]]; then
		local config
		config=$(jq "$edit" "$dir/config.json") || return
		printf '%s\n' "$config" >"$dir/config.json"
	fi
}

# Writes NAME with the one hook for it to the variable hooks.
_vm_hook() { # NAME
	local hook
	printf -v hook '"%s":[{"path":"/usr/libexec/oci/hooks.d/oci-vtpm-hook","args":["oci-vtpm-hook","%s"]}]' "$1" "$1"
	hooks+=${hooks:+,}$hook
}

# What `runc spec` gives, but for the terminal, writable /tmp and /run and Podman's
# default capabilities. Reads the variables of vm_bundle. One printf and no $(..):
# a fork costs 10 ms in the emulated machine.
_vm_config() {
	local hooks='' mappings='' namespaces='"pid" "ipc" "uts" "mount" "network"'
	local caps='["CAP_CHOWN","CAP_DAC_OVERRIDE","CAP_FOWNER","CAP_FSETID","CAP_KILL","CAP_NET_BIND_SERVICE","CAP_SETFCAP","CAP_SETGID","CAP_SETPCAP","CAP_SETUID","CAP_SYS_CHROOT"]'
	case $stage in
	none) ;;
	both)
		_vm_hook prestart
		_vm_hook createRuntime
		_vm_hook poststop
		;;
	prestart | createRuntime)
		_vm_hook "$stage"
		_vm_hook poststop
		;;
	*)
		printf 'vm_bundle: unknown stage %s\n' "$stage" >&2
		return 2
		;;
	esac
	if [[ $userns ]]; then
		namespaces+=' "user"'
		mappings='"uidMappings":[{"containerID":0,"hostID":100000,"size":65536}],
		"gidMappings":[{"containerID":0,"hostID":100000,"size":65536}],'
	fi
	[[ ${VM_CGROUP-} != v2 ]] || namespaces+=' "cgroup"'
	namespaces=${namespaces// /\},\{\"type\":}
	printf '{
	"ociVersion": "1.0.2",
	"root": {"path": "%s", "readonly": true},
	"hostname": "container",
	"annotations": {%s},
	"hooks": {%s},
	"process": {
		"terminal": false,
		"user": {"uid": 0, "gid": 0},
		"args": [%s],
		"env": [%s],
		"cwd": "/",
		"noNewPrivileges": true,
		"capabilities": {"bounding": %s, "effective": %s, "permitted": %s},
		"rlimits": [{"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024}]
	},
	"mounts": [
		{"destination": "/proc", "type": "proc", "source": "proc"},
		{"destination": "/dev", "type": "tmpfs", "source": "tmpfs",
			"options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
		{"destination": "/dev/pts", "type": "devpts", "source": "devpts",
			"options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"]},
		{"destination": "/dev/shm", "type": "tmpfs", "source": "shm",
			"options": ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]},
		{"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue",
			"options": ["nosuid", "noexec", "nodev"]},
		{"destination": "/sys", "type": "sysfs", "source": "sysfs",
			"options": ["nosuid", "noexec", "nodev", "ro"]},
		{"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup",
			"options": ["nosuid", "noexec", "nodev", "relatime", "ro"]},
		{"destination": "/run", "type": "tmpfs", "source": "tmpfs",
			"options": ["nosuid", "nodev", "mode=755"]},
		{"destination": "/tmp", "type": "tmpfs", "source": "tmpfs",
			"options": ["nosuid", "nodev", "mode=1777"]}
	],
	"linux": {
		%s
		"namespaces": [{"type":%s}],
		"resources": {"devices": [{"allow": false, "access": "rwm"}]},
		"maskedPaths": ["/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
			"/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi",
			"/sys/firmware"],
		"readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
	}
}
' "$rootfs" "$annotations" "$hooks" "$args" "$env" "$caps" "$caps" "$caps" "$mappings" "$namespaces"
}

# The output goes to a file: a container keeps the runtime's stdout, and a caller
# that reads a pipe would wait for the container to end.
vm_start() { # RUNTIME ID BUNDLE
	rm -f "$3/runtime.log"
	"$1" --log "$3/runtime.log" run --detach --bundle "$3" "$2" >"$3/log" 2>&1 </dev/null || {
		local status=$?
		cat "$3/runtime.log" "$3/log" >&2
		return "$status"
	}
}

vm_exec() { # RUNTIME ID ARG...
	local runtime=$1 id=$2
	shift 2
	"$runtime" exec "$id" "$@" </dev/null
}

vm_pid() { # RUNTIME ID
	local state
	state=$("$1" state "$2") || return
	[[ $state =~ \"pid\":\ *([0-9]+) ]] && printf '%s\n' "${BASH_REMATCH[1]}"
}

vm_stop() { # RUNTIME ID
	local pid
	pid=$(vm_pid "$1" "$2") || return
	if ((pid > 0)); then
		"$1" kill "$2" TERM && vm_wait_exit "$pid" 20 || return
	fi
	"$1" delete "$2"
}

vm_podman_setup() {
	mkdir -p /etc/containers /var/lib/containers
	# overlayfs takes no upper layer on the VM's root, which is one itself.
	mount -t tmpfs -o mode=755,size=50% tmpfs /var/lib/containers || return
	local images=''
	[[ ! -d ${VM_DEMO-}/store ]] || images="\"$VM_DEMO/store\""
	cat >/etc/containers/storage.conf <<EOF
[storage]
driver = "overlay"
runroot = "/run/containers/storage"
graphroot = "/var/lib/containers/storage"
[storage.options]
additionalimagestores = [$images]
EOF
	cat >/etc/containers/containers.conf <<EOF
[containers]
netns = "none"
log_driver = "k8s-file"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
pull_policy = "never"
EOF
	if [[ ! $images ]]; then
		# shellcheck disable=SC2119
		vm_rootfs >/dev/null &&
			tar -C "$VM_DEMO/rootfs" -cf - . | podman import --quiet - localhost/oci-vtpm-demo >/dev/null
	fi
}

# Runs the watcher until COMMAND succeeds, trying again after every line that it
# prints. Its first line says that it listens, so nothing falls between the first
# try and the first event.
_vm_wait_events() { # SECONDS WATCHER-FUNCTION ARGUMENT COMMAND...
	local deadline=$((SECONDS + $1 + 1)) watcher=$2 argument=$3 events pid status=1
	shift 3
	! "$@" || return 0
	exec {events}< <("$watcher" "$argument" 2>&1)
	pid=$!
	while ((SECONDS < deadline)) && read -r -t $((deadline - SECONDS)) _ <&"$events"; do
		if "$@"; then
			status=0
			break
		fi
	done
	kill "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	exec {events}<&-
	return "$status"
}

_vm_watch_directory() {
	# Without --quiet: "Watches established." is the line that matters.
	exec inotifywait --monitor -e create -e moved_to -e delete -e moved_from "$1"
}

# Kernel device events from the netlink socket; the first line comes once it is bound.
_vm_watch_uevents() {
	exec perl -e '
		use strict; use warnings; use Socket;
		$| = 1;
		socket(my $s, 16, SOCK_RAW, 15) or die "socket: $!\n";      # AF_NETLINK, KOBJECT_UEVENT
		bind($s, pack("S S L L", 16, 0, 0, 1)) or die "bind: $!\n"; # group 1: from the kernel
		print "listening\n";
		while (recv($s, my $event, 8192, 0)) { print +(split /\0/, $event)[0], "\n" }'
}

_vm_absent() {
	[[ ! -e $1 && ! -L $1 ]]
}

vm_wait_file() { # PATH SECONDS
	_vm_wait_events "$2" _vm_watch_directory "$(dirname "$1")" test -e "$1"
}

vm_wait_gone() { # PATH SECONDS
	_vm_wait_events "$2" _vm_watch_directory "$(dirname "$1")" _vm_absent "$1"
}

vm_wait_uevent() { # SECONDS COMMAND...
	local seconds=$1
	shift
	_vm_wait_events "$seconds" _vm_watch_uevents '' "$@"
}

vm_wait_exit() { # PID SECONDS
	# 434 is pidfd_open. ESRCH: it was gone before.
	perl -MErrno -e '
		my ($pid, $seconds) = @ARGV;
		my $fd = syscall(434, $pid + 0, 0);
		exit($!{ESRCH} ? 0 : 1) if $fd < 0;
		my $set = ""; vec($set, $fd, 1) = 1;
		exit(select($set, undef, undef, $seconds) > 0 ? 0 : 1)' "$1" "$2"
}

vm_wait_until() { # SECONDS COMMAND...
	local deadline=$((SECONDS + $1 + 1))
	shift
	until "$@"; do
		((SECONDS < deadline)) || return 1
		sleep 0.05
	done
}

vm_cgroup_devices() { # PID
	local id controllers path
	while IFS=: read -r id controllers path; do
		if [[ $id == 0 && ${VM_CGROUP-} == v2 ]]; then
			printf '/sys/fs/cgroup%s\n' "$path"
		elif [[ ,$controllers, == *,devices,* ]]; then
			printf '/sys/fs/cgroup/devices%s\n' "$path"
		fi
	done <"/proc/$1/cgroup"
}
