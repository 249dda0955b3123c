# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The oci-vtpm authors
#
# What the suites of tests/fault/run share, in the VM. A suite is called as
#
#   SUITE SEED [COUNT]
#
# $VM_OUT/bin has the programs; what clients and killers said goes to $VM_OUT, and a
# summary to $VM_OUT/report.

# With arguments, or it would take ours for its own.
# shellcheck source=tests/vm/suite/harness.sh
. "$VM_TOP/tests/vm/suite/harness.sh" auto crun

seed=$1
runtime=crun
id=fault

# What each test begins with.
be_patient() {
	configure '{"restartsPerMinute": 1000000, "startTimeoutSeconds": 600, "stopTimeoutSeconds": 60}'
}
be_patient
cp -r "$VM_OUT/bin" "$WORK/bin"
cp "$WORK/bin/stress" /run/vm/rootfs/usr/bin/
PATH=$WORK/bin:$PATH
rm -f "$VM_OUT/report"
start_syslog
client_pids=()

# The client runs beside the container's init, so that its exit status is seen. Sets
# client.
start_client() { # LOG [OPTION]...
	local log=$1 root
	shift
	root=/proc/$(vm_pid "$runtime" "$id")/root
	progress=$root/run/progress
	rm -f "$WORK/client.pid" "$progress"
	"$runtime" exec --pid-file "$WORK/client.pid" "$id" \
		stress --progress /run/progress --seed "$seed" "$@" >"$log" 2>&1 </dev/null &
	client=$!
	vm_wait_file "$progress" 60 || fail "the client did not start: $(<"$log")"
	client_pids[client]=$(<"$WORK/client.pid")
}

kill_emulators() { # [KILLER-OPTION]...
	killer "$@" "$id" "$progress"
}

# Has it compare everything once more and report. Returns its exit status.
end_client() { # CLIENT
	kill -TERM "${client_pids[$1]}" || true
	wait "$1"
}

# What went wrong, for messages.
complaints() { # LOG...
	grep -hE '^(error|mismatch|stress|killer):' "$@" | head -n 5
}

# Adds to the summary what client and killer counted.
report() { # TITLE LOG...
	{
		printf '%s\n' "$1"
		shift
		sed -n 's/^[a-z-]* [0-9]*$/  &/p' "$@"
	} >>"$VM_OUT/report"
}

show_report() {
	[[ ! -e $VM_OUT/report ]] || cat "$VM_OUT/report"
}

# What the client changes that is to be there again whatever happened.
# shellcheck disable=SC2034 # for the suites
durable=nv-write,nv-counter,nv-extend,session

# A container with a named instance, and with DIR as /acks.
start_persistent() { # DIR
	start_vtpm "$runtime" "$id" --annotation io.oci-vtpm.name=fault --edit "
		.mounts += [{\"destination\": \"/acks\", \"type\": \"bind\", \"source\": \"$1\",
			\"options\": [\"bind\", \"rw\"]}]"
}
