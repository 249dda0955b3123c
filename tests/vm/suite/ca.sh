#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The oci-vtpm authors
#
# Authorities of all kinds, and all that can be wrong with them. A TPM that is not
# certified as was asked never reaches a container, and nothing of it is left.

. "$(dirname "$0")/instances.sh"

runtime=${runtimes[0]}
program=/usr/libexec/oci-vtpm/vtpm-ca
ca=$state_dir/ca
wanted=(--annotation io.oci-vtpm.device=tpm0 --annotation io.oci-vtpm.ek=ecc-p256)

# Tests put other things in its place.
cp "$program" "$WORK/vtpm-ca"
put_back() {
	cp --remove-destination "$WORK/vtpm-ca" "$program"
}

with_program() { # FUNCTION
	put_back
	"$@"
	put_back
}

works() {
	start_vtpm "$runtime" good "${wanted[@]}"
	in_container good tpm2_nvread 0x1c0000a >"$WORK/good.der"
	stop good
	wait_nothing_left
	rm -rf "$state_dir/instances"
}

issued() {
	vtpmctl ca list --json | jq length
}

serials_differ() {
	assert_equal '' "$(vtpmctl ca list --json | jq -r '.[].serial' | sort | uniq -d)" 'serial numbers given twice'
}

there_is_none() {
	start_refused "certificate authority: cannot open $ca: No such file" "${wanted[@]}"
	mkdir -p "$ca"
	chown oci-vtpm-ca "$ca"
	start_refused "certificate authority: there is no authority in $ca .*: vtpmctl ca init makes one" "${wanted[@]}"
	echo 'who does not want one does not need one'
	start_vtpm "$runtime" a
	stop a
	wait_nothing_left
}

user_is_missing() {
	sed -i 's/^oci-vtpm-ca:/other-ca:/' /etc/passwd
	start_refused 'the system user oci-vtpm-ca does not exist' "${wanted[@]}"
	if vtpmctl ca init >"$WORK/message" 2>&1; then
		fail 'vtpmctl made an authority'
	fi
	sed -i 's/^other-ca:/oci-vtpm-ca:/' /etc/passwd
	assert_match 'the system user oci-vtpm-ca does not exist' "$(<"$WORK/message")" message
	[[ ! -e $ca ]] || fail 'a directory was left'
}

program_is_missing() {
	vtpmctl ca init
	rm "$program"
	start_refused "certificate authority: cannot execute $program: No such file" "${wanted[@]}"
	put_back
	works
}

# Instead of the program, one that ends in the way asked for.
program_does() { # COMMAND REGEX
	rm "$program"
	printf '#!/bin/sh\n%s\n' "$1" >"$program"
	chmod 755 "$program"
	start_refused "$2" "${wanted[@]}"
	put_back
}

program_fails() {
	program_does 'exit 3' 'endorsement key ecc-p256: the certificate authority ended unexpectedly'
	program_does 'dd bs=4096 count=1 <&3 >/dev/null 2>&1; kill -KILL $$' 'the certificate authority ended unexpectedly'
	program_does 'dd bs=4096 count=1 <&3 >/dev/null 2>&1; printf xxxxxxxx >&3' 'the certificate authority sent message type 0x78787878 with 4 bytes'
	program_does 'dd bs=4096 count=1 <&3 >/dev/null 2>&1; printf x >&3' 'endorsement key ecc-p256: the certificate authority'
}

# At each system call with which something is made to last.
program_is_killed() {
	local call count before
	vtpmctl ca init
	works
	rm "$program"
	for call in fsync renameat; do
		for count in 1 2 3 4 5; do
			before=$(vtpmctl ca list --json | jq length)
			printf '#!/bin/sh\nexec strace -o /dev/null -e trace=%s -e inject=%s:signal=KILL:when=%d %s/vtpm-ca "$@"\n' \
				"$call" "$call" "$count" "$WORK" >"$program"
			chmod 755 "$program"
			vm_bundle "$WORK/bad" "${wanted[@]}"
			mark_log
			if vm_start "$runtime" bad "$WORK/bad" >"$WORK/message" 2>&1; then
				echo "there is no $call number $count"
				"$runtime" delete --force bad
				wait_nothing_left
				rm -rf "$state_dir/instances"
				break
			fi
			echo "killed at $call number $count"
			expect_log 'the certificate authority ended unexpectedly'
			forget_refused
			wait_nothing_left
			(($(vtpmctl ca list --json | jq length) <= before + 1)) || fail 'more than one certificate'
		done
		((count > 1)) || fail "nothing was killed at $call"
	done
	put_back
	rm -rf "$state_dir/instances"
	works
	serials_differ
}

hook_is_killed() {
	local hook
	vtpmctl ca init
	mkfifo "$WORK/stuck"
	rm "$program"
	printf '#!/bin/sh\necho >%s/stuck\nexec %s/vtpm-ca "$@"\n' "$WORK" "$WORK" >"$program"
	chmod 755 "$program"
	chmod 666 "$WORK/stuck"
	vm_bundle "$WORK/bad" "${wanted[@]}"
	vm_start "$runtime" bad "$WORK/bad" >"$WORK/message" 2>&1 &
	vm_wait_until 60 pgrep -x vtpm-manufactur || fail 'vtpm-manufacture does not run'
	hook=$(pgrep -x oci-vtpm-hook | head -n 1)
	kill -KILL "$hook"
	if wait $!; then
		fail 'the container started'
	fi
	cat "$WORK/stuck" >/dev/null
	rm "$WORK/stuck"
	put_back
	forget_refused
	wait_nothing_left
	works
}

records_are_lost() {
	vtpmctl ca init
	works
	echo 'the counter'
	mv "$ca/serial" "$WORK/serial"
	start_refused "certificate authority: .*$ca/serial" "${wanted[@]}"
	echo garbage >"$ca/serial"
	start_refused "certificate authority: .*$ca/serial" "${wanted[@]}"
	mv -f "$WORK/serial" "$ca/serial"
	works
	echo 'the records'
	mv "$ca/index.txt" "$WORK/index.txt"
	start_refused "certificate authority: there is no authority in $ca" "${wanted[@]}"
	echo garbage >"$ca/index.txt"
	chown oci-vtpm-ca "$ca/index.txt"
	if vtpmctl ca list 2>"$WORK/message"; then
		fail 'garbage was listed'
	fi
	assert_match "$ca/index.txt" "$(<"$WORK/message")" message
	mv -f "$WORK/index.txt" "$ca/index.txt"
	echo 'the key'
	mv "$ca/issuer.key" "$WORK/issuer.key"
	start_refused "certificate authority: cannot open $ca/issuer.key" "${wanted[@]}"
	cp "$ca/root.key" "$ca/issuer.key"
	chown oci-vtpm-ca "$ca/issuer.key"
	start_refused "$ca/issuer.key is not the key of $ca/issuer.pem" "${wanted[@]}"
	mv -f "$WORK/issuer.key" "$ca/issuer.key"
	works
	serials_differ
}

disk_is_full() {
	mkdir -p "$state_dir"
	mount -t tmpfs -o mode=755,size=256k tmpfs "$state_dir"
	vtpmctl ca init
	start_named first web --annotation io.oci-vtpm.ek=ecc-p256
	stop first
	wait_nothing_left
	dd if=/dev/zero of="$state_dir/fill" bs=4k 2>/dev/null || true
	expect_refusal "certificate authority: .*$ca/.*: No space left on device" "${wanted[@]}"
	wait_nothing_left
	forget_refused
	assert_equal 1 "$(issued)" 'certificates issued'
	rm "$state_dir/fill"
	start_named second web
	stop second
	wait_nothing_left
	start_vtpm "$runtime" third "${wanted[@]}"
	stop third
	wait_nothing_left
	serials_differ
	umount "$state_dir"
}

# An organisation's own authority: one of openssl's, by a script. What it does comes
# before it reads the request: $1.
sign_with() { # COMMAND [SECONDS]
	rm -rf "$WORK/other"
	mkdir "$WORK/other"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$WORK/other/key.pem" \
		-out "$WORK/other/issuer.pem" -subj /CN=elsewhere -days 30 2>/dev/null
	cat >"$WORK/other/extensions" <<-'END'
		basicConstraints = critical, CA:FALSE
		keyUsage = critical, keyAgreement
		extendedKeyUsage = 2.23.133.8.1
		subjectAltName = critical, dirName:tpm
		authorityKeyIdentifier = keyid
		[tpm]
		1.2.23.133.2.1 = id:49424D00
		2.2.23.133.2.2 = libtpms
		3.2.23.133.2.3 = id:00000001
	END
	cat >"$WORK/other/sign" <<-END
		#!/bin/sh
		set -e
		cd $WORK/other
		$1
		cat >request
		jq -r .publicKey request >public.pem
		exec openssl x509 -new -force_pubkey public.pem -subj / -days 30 \
			-CA issuer.pem -CAkey key.pem -extfile extensions
	END
	chmod 755 "$WORK/other/sign"
	chown -R oci-vtpm-ca "$WORK/other"
	configure "{\"startTimeoutSeconds\": 600, \"ca\": {\"timeoutSeconds\": ${2:-60},
		\"issuer\": {\"certificate\": \"$WORK/other/issuer.pem\", \"command\": [\"$WORK/other/sign\"]}}}"
}

others_sign() {
	sign_with :
	works
	openssl x509 -inform DER -in "$WORK/good.der" | openssl verify -CAfile "$WORK/other/issuer.pem"
	assert_match '^good [0-9a-f-]{36} vm$' "$(jq -r '.container + " " + .uuid + " " + .host' "$WORK/other/request")" 'the request'
	[[ ! -e $ca ]] || fail 'an authority was made here'
	if vtpmctl ca list 2>"$WORK/message"; then
		fail 'something was listed'
	fi
	assert_match "$WORK/other/sign signs the certificates" "$(<"$WORK/message")" message
}

# What is signed is valid from a time on that had not come when it was asked for.
others_take_their_time() {
	# shellcheck disable=SC2016 # for the shell that signs
	sign_with 'now=$(date +%s); while [ "$(date +%s)" = "$now" ]; do :; done'
	works
}

others_sign_badly() {
	sign_with 'exec sleep 1000' 1
	start_refused "certificate authority: $WORK/other/sign: did not answer in time" "${wanted[@]}"
	sign_with 'echo out of order >&2; exit 7'
	start_refused "certificate authority: $WORK/other/sign: exit status 7: out of order" "${wanted[@]}"
	sign_with 'exec echo garbage'
	start_refused 'wrote 8 bytes, and no certificate in PEM' "${wanted[@]}"
	sign_with 'exec cat issuer.pem'
	start_refused 'the certificate is for another key' "${wanted[@]}"
	sign_with "exec openssl x509 -inform DER -in $WORK/good.der"
	start_refused 'the certificate is for another key' "${wanted[@]}"
	sign_with 'sed -i s/2.23.133.8.1/serverAuth/ extensions'
	start_refused 'the certificate is not for an endorsement key' "${wanted[@]}"
	sign_with 'openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out issuer.pem -subj /CN=elsewhere 2>/dev/null'
	start_refused 'the certificate is not signed by the issuer' "${wanted[@]}"
	rm "$WORK/other/sign"
	start_refused "$WORK/other/sign: exit status 127: cannot execute: No such file" "${wanted[@]}"
	rm "$WORK/other/issuer.pem"
	start_refused "cannot open $WORK/other/issuer.pem" "${wanted[@]}"
}

# The issuer's key in a token, which signs itself.
token_signs() {
	local tokens=$WORK/tokens
	vtpmctl ca init --key-type rsa3072
	rm -rf "$tokens"
	mkdir "$tokens"
	printf '%s\n' "directories.tokendir = $tokens" 'objectstore.backend = file' 'log.level = ERROR' >/etc/softhsm/softhsm2.conf
	softhsm2-util --init-token --free --label authority --pin 1234 --so-pin 12345678
	softhsm2-util --import "$ca/issuer.key" --token authority --label issuer --id 01 --pin 1234
	cp "$ca/issuer.pem" "$WORK/issuer.pem"
	rm -rf "$ca"
	chown -R oci-vtpm-ca "$tokens"
	chmod 755 /etc/softhsm
	chmod 644 /etc/softhsm/softhsm2.conf "$WORK/issuer.pem"
	configure_token 1234
	vtpmctl ca init
	works
	openssl x509 -inform DER -in "$WORK/good.der" | openssl verify -partial_chain -CAfile "$WORK/issuer.pem"
	assert_equal 1 "$(issued)" 'certificates issued'
	vtpmctl ca revoke "$(vtpmctl ca list --json | jq -r '.[0].serial')"
	vtpmctl ca crl | openssl crl -noout -CAfile "$WORK/issuer.pem"
	configure_token 4321
	start_refused 'certificate authority: the PKCS #11 token, or its key, is not there, or the PIN is wrong' "${wanted[@]}"
}

configure_token() { # PIN
	configure "{\"startTimeoutSeconds\": 600, \"ca\": {\"timeoutSeconds\": 60, \"issuer\":
		{\"certificate\": \"$WORK/issuer.pem\", \"key\": \"pkcs11:token=authority;object=issuer;pin-value=$1\"}}}"
}

bad_configuration() {
	configure '{"startTimeoutSeconds": 120, "ca": {"validity": 3}}'
	start_refused 'certificate authority: /etc/oci-vtpm/config.json: "ca": unknown key "validity"' "${wanted[@]}"
	configure '{"startTimeoutSeconds": 120, "ca": []}'
	start_refused '/etc/oci-vtpm/config.json: "ca"' "${wanted[@]}"
	be_patient
	start_refused 'io.oci-vtpm.ek: "rsa1024" is not a type of key; there are rsa2048,' --annotation io.oci-vtpm.device=tpm0 \
		--annotation io.oci-vtpm.ek=rsa1024
	start_refused 'io.oci-vtpm.ek: a TPM 1.2 has one endorsement key only, rsa2048' --annotation io.oci-vtpm.device=tpm0 \
		--annotation io.oci-vtpm.ek=ecc-p256 --annotation io.oci-vtpm.version=1.2
}

others_may_read() {
	vtpmctl ca init
	chmod 755 "$ca"
	if vtpmctl ca show 2>"$WORK/message"; then
		fail 'vtpmctl uses it'
	fi
	assert_match "$ca may be entered by others" "$(<"$WORK/message")" message
	chmod 700 "$ca"
	assert_equal '' "$(find "$ca" ! -user oci-vtpm-ca)" "what is not the authority's"
	assert_equal '' "$(find "$ca" -name '*.key' -perm /077)" 'keys that others may read'
}

start_syslog
run_test 'there is no authority' with_program there_is_none
run_test 'its user is missing' with_program user_is_missing
run_test 'vtpm-ca is missing' with_program program_is_missing
run_test 'vtpm-ca fails' with_program program_fails
run_test 'vtpm-ca is killed' with_program program_is_killed
run_test 'the hook is killed while vtpm-ca works' with_program hook_is_killed
run_test 'records and keys are lost' with_program records_are_lost
run_test 'its disk is full' with_program disk_is_full
run_test 'others may read its directory' with_program others_may_read
run_test 'a command of somebody else signs' with_program others_sign
run_test 'a command of somebody else takes its time' with_program others_take_their_time
run_test 'a command of somebody else does not do as it should' with_program others_sign_badly
run_test 'a PKCS #11 token signs' with_program token_signs
run_test 'settings and annotations that make no sense' with_program bad_configuration
finish
