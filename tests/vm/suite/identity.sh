#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The oci-vtpm authors
#
# What a TPM is made with: its PCR banks.

. "$(dirname "$0")/instances.sh"

program=/usr/libexec/oci-vtpm/vtpm-manufacture

# The banks that have PCRs, as tpm2-tools show them.
banks_of() { # ID
	in_container "$1" tpm2_getcap pcrs | sed -n 's/^ *- \(sha[0-9]*\): \[ 0.*/\1/p' | paste -sd ,
}

start_with_banks() { # ID LIST [vm_bundle OPTION]...
	local id=$1 option=(--annotation "io.oci-vtpm.pcr-banks=$2")
	shift 2
	start_vtpm "$runtime" "$id" "${option[@]}" "$@"
}

banks_are_as_asked() {
	local list
	for list in sha1 sha256 sha384,sha512 sha1,sha256,sha384,sha512; do
		start_with_banks a "$list" --annotation io.oci-vtpm.ephemeral=true
		assert_equal "$list" "$(banks_of a)" 'PCR banks'
		stop a
		wait_nothing_left
	done
	[[ ! -e $state_dir/instances ]] || assert_equal '' "$(find "$state_dir/instances" -type f)" 'files of an ephemeral TPM'
}

banks_count() {
	local zeros
	start_with_banks a sha384
	zeros=$(printf '%096d' 0)
	in_container a tpm2_pcrextend "16:sha384=$(printf 'aa%.0s' {1..48})"
	assert_match "$(printf '%s%s' "$zeros" "$(printf 'aa%.0s' {1..48})" | xxd -r -p | sha384sum | cut -c 1-96)" \
		"$(in_container a tpm2_pcrread sha384:16 | tr 'A-F' 'a-f')" 'PCR 16'
	stop a
	wait_nothing_left
}

banks_are_kept() {
	start_named a web --annotation io.oci-vtpm.pcr-banks=sha384
	keep_secret a
	stop a
	wait_nothing_left
	echo 'asked for again, and not asked for'
	start_named b web --annotation io.oci-vtpm.pcr-banks=sha384
	assert_equal sha384 "$(banks_of b)" 'asked for again'
	has_secret b
	stop b
	start_named c web
	assert_equal sha384 "$(banks_of c)" 'not asked for'
	stop c
	wait_nothing_left
}

other_banks_are_refused() {
	start_named a web --annotation io.oci-vtpm.pcr-banks=sha384
	keep_secret a
	stop a
	wait_nothing_left
	expect_refusal 'the TPM has the PCR banks sha384, not sha256' --annotation io.oci-vtpm.device=tpm0 \
		--annotation io.oci-vtpm.name=web --annotation io.oci-vtpm.pcr-banks=sha256
	wait_nothing_left
	forget_refused
	start_named b web
	has_secret b
	stop b
	wait_nothing_left
}

bad_values() {
	start_refused 'io.oci-vtpm.pcr-banks: "md5" is not a PCR bank; there are sha1,sha256,sha384,sha512' \
		--annotation io.oci-vtpm.device=tpm0 --annotation io.oci-vtpm.pcr-banks=md5
	start_refused 'pcr-banks: a TPM 1.2 has one bank only, sha1' --annotation io.oci-vtpm.device=tpm0 \
		--annotation io.oci-vtpm.version=1.2 --annotation io.oci-vtpm.pcr-banks=sha1
}

# Instead of the program, one that ends in the way asked for.
making_fails() { # COMMAND REGEX
	mv "$program" "$WORK/"
	printf '#!/bin/sh\n%s\n' "$1" >"$program"
	chmod 755 "$program"
	start_refused "$2" --annotation io.oci-vtpm.device=tpm0 --annotation io.oci-vtpm.pcr-banks=sha384
	mv "$WORK/vtpm-manufacture" "$program"
}

program_is_missing() {
	mv "$program" "$WORK/"
	start_refused "cannot execute $program: No such file" --annotation io.oci-vtpm.device=tpm0 \
		--annotation io.oci-vtpm.pcr-banks=sha384
	echo 'who does not need it does not miss it'
	start_vtpm "$runtime" a
	stop a
	mv "$WORK/vtpm-manufacture" "$program"
	wait_nothing_left
}

# A TPM that is not the one that was asked for.
making_lies() {
	making_fails "exec $WORK/vtpm-manufacture --pcr-banks sha1" 'the TPM has the PCR banks sha1, not sha384'
}

never_finishes() {
	configure '{"startTimeoutSeconds": 2}'
	making_fails 'exec sleep 1000' 'vtpm-manufacture did not finish in time'
}

start_syslog
for runtime in "${runtimes[@]}"; do
	run_test "$runtime: PCR banks are as asked for" banks_are_as_asked
	run_test "$runtime: a PCR of another bank counts" banks_count
	run_test "$runtime: PCR banks are the instance's" banks_are_kept
	run_test "$runtime: an instance with other PCR banks" other_banks_are_refused
done
run_test 'PCR banks that there are not' bad_values
run_test 'vtpm-manufacture is missing' program_is_missing
run_test 'vtpm-manufacture exits' making_fails 'exit 3' 'vtpm-manufacture ended unexpectedly: exit status 3'
run_test 'vtpm-manufacture is killed' making_fails 'kill -KILL $$' 'ended unexpectedly: killed by signal 9'
run_test 'vtpm-manufacture makes another TPM' making_lies
run_test 'vtpm-manufacture does not finish' never_finishes
finish
