# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The oci-vtpm authors
#
# What state.sh and bad-state.sh share: containers whose TPM is kept. Each test sets
# the runtime.

# shellcheck source=tests/vm/suite/harness.sh
. "$(dirname "$0")/harness.sh"

state_dir=/var/lib/oci-vtpm
# shellcheck disable=SC2034 # for those that source this
web=$state_dir/instances/local/web
secret='32 bytes of what must be kept...'

start_named() { # ID NAME [vm_bundle OPTION]...
	local id=$1 name=$2
	shift 2
	start_vtpm "$runtime" "$id" --annotation "io.oci-vtpm.name=$name" "$@"
}

in_container() { # ID ARG...
	vm_exec "$runtime" "$@"
}

stop() { # ID
	vm_stop "$runtime" "$1"
}

# The container's init is killed and nobody calls poststop.
kill_container() { # ID
	kill -KILL "$(vm_pid "$runtime" "$1")"
}

define_nv() { # ID
	in_container "$1" tpm2_nvdefine -Q 0x1500016 -C o -s 32 -a 'ownerread|ownerwrite'
}

write_nv() { # ID TEXT
	in_container "$1" sh -c "printf '%s' '$2' | tpm2_nvwrite -Q 0x1500016 -C o -i -"
}

read_nv() { # ID
	in_container "$1" tpm2_nvread 0x1500016 -C o -s 32
}

keep_secret() { # ID
	define_nv "$1"
	write_nv "$1" "$secret"
}

has_secret() { # ID
	assert_equal "$secret" "$(read_nv "$1")" "the NV index in container $1"
}

has_no_secret() { # ID
	if read_nv "$1"; then
		fail "container $1 has the NV index"
	fi
}

# All that tells whether a file was touched. The lock file says who came last, and a
# directory has another time when a file was made in it and removed again.
fingerprint() {
	(
		cd "$state_dir" || exit 1
		find . -type d -printf '%p %y %U:%G %m\n' -o ! -name lock -printf '%p %y %U:%G %m %s %T@ %l\n' | sort
		find . -type f ! -name lock -exec sha256sum {} + | sort
	)
}

# A container that names the instance local/web must not start, for exactly this
# reason. Others may be there, and stay.
refused() { # REGEX [vm_bundle OPTION]...
	local regex=$1
	shift
	expect_refusal "$regex" --annotation io.oci-vtpm.device=tpm0 --annotation io.oci-vtpm.name=web "$@"
	expect_log "oci-vtpm-hook\[[0-9]+\]: bad: $regex\$"
	forget_refused
}

# And the attempt changes nothing in the state directory.
refused_unchanged() { # REGEX [vm_bundle OPTION]...
	local before
	before=$(fingerprint)
	refused "$@"
	assert_equal "$before" "$(fingerprint)" 'the state directory after the refusal'
}
