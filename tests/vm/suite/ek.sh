#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The oci-vtpm authors
#
# TPMs with endorsement keys and certificates: what a container and a verifier see.

. "$(dirname "$0")/instances.sh"

all_types=rsa2048,rsa3072,ecc-p256,ecc-p384,ecc-p521
declare -A handle index create
handle=(
	[rsa2048]=0x81010001 [rsa3072]=0x8101001c
	[ecc-p256]=0x8101000a [ecc-p384]=0x81010016 [ecc-p521]=0x81010018
)
index=(
	[rsa2048]=0x1c00002 [rsa3072]=0x1c0001c
	[ecc-p256]=0x1c0000a [ecc-p384]=0x1c00016 [ecc-p521]=0x1c00018
)
# What gives the same key again: tpm2_createek has the templates of the low range, and the
# others are as the EK Credential Profile has them (annex B.6), PolicyB included.
policy_b_sha384=b26e7d28d11a50bc53d882bcf5fd3a1a074148bb35d3b4e4cb1c0ad9bde419cacb47ba09699646150f9fc000f3f80e12
policy_b_sha512=b8221ca69e8550a4914de3faa6a18c072cc01208073a928d5d66d59ef79e49a429c41a6b269571d57edb25fbdb1838425608b413cd616a5f6db5b6071af99bea
high='-C e -Q -c /tmp/ek.ctx -a fixedtpm|fixedparent|sensitivedataorigin|userwithauth|adminwithpolicy|restricted|decrypt'
create=(
	[rsa2048]='tpm2_createek -Q -G rsa -c /tmp/ek.ctx'
	[ecc-p256]='tpm2_createek -Q -G ecc -c /tmp/ek.ctx'
	[rsa3072]="tpm2_createprimary $high -g sha384 -G rsa3072:aes256cfb -L $policy_b_sha384"
	[ecc-p384]="tpm2_createprimary $high -g sha384 -G ecc384:aes256cfb -L $policy_b_sha384"
	[ecc-p521]="tpm2_createprimary $high -g sha512 -G ecc521:aes256cfb -L $policy_b_sha512"
)

is_low() { # TYPE
	[[ $1 == rsa2048 || $1 == ecc-p256 ]]
}

start_with_ek() { # ID TYPES [vm_bundle OPTION]...
	local id=$1 types=$2
	shift 2
	start_vtpm "$runtime" "$id" --annotation "io.oci-vtpm.ek=$types" "$@"
}

# The certificate of a type as DER in $WORK/TYPE.der, and the chain beside it.
fetch_certificate() { # ID TYPE
	in_container "$1" tpm2_nvread "${index[$2]}" >"$WORK/$2.der"
}

fetch_chain() {
	vtpmctl ca show --pem >"$WORK/chain.pem"
	openssl x509 -in "$WORK/chain.pem" -out "$WORK/issuer.pem"
	vtpmctl ca show --json | jq -r .root.certificate >"$WORK/root.pem"
}

verifies() { # DER [verify OPTION]...
	local der=$1
	shift
	openssl x509 -inform DER -in "$der" |
		openssl verify -x509_strict -CAfile "$WORK/root.pem" -untrusted "$WORK/issuer.pem" "$@"
}

public_key_of() { # DER
	openssl x509 -inform DER -in "$1" -noout -pubkey
}

# The key at the handle, and one made by the profile's template, in a container or of
# swtpm's: both PEM, then the attributes of the certificate's index.
look_at() { # TYPE
	printf '%s\n' 'set -e' \
		"tpm2_readpublic -Q -c ${handle[$1]} -f pem -o /tmp/ek.pem && cat /tmp/ek.pem" \
		"${create[$1]//|/\\|}" \
		'tpm2_readpublic -Q -c /tmp/ek.ctx -f pem -o /tmp/ek.pem && cat /tmp/ek.pem' \
		'tpm2_flushcontext -t' \
		"tpm2_nvreadpublic ${index[$1]}"
}

attributes='ppwrite|writedefine|ppread|ownerread|authread|no_da|written|writelocked|platformcreate'

check_look() { # TYPE TEXT
	local key flag
	key=$(public_key_of "$WORK/$1.der")
	assert_equal "$key"$'\n'"$key" "$(sed '/^0x/,$d' <<<"$2")" "the key at the handle and the template's"
	for flag in ${attributes//|/ }; do
		assert_match "friendly:.*$flag" "$2" "attributes of ${index[$1]}"
	done
}

is_certified() { # ID TYPE
	echo "$2"
	fetch_certificate "$1" "$2"
	verifies "$WORK/$2.der"
	check_look "$2" "$(in_container "$1" sh -c "$(look_at "$2")")"
}

keys_are_certified() {
	local type
	vtpmctl ca init --name test
	fetch_chain
	start_with_ek a "$all_types"
	for type in ${all_types//,/ }; do
		is_certified a "$type"
	done
	in_container a sh -c 'tpm2_getekcertificate -o /tmp/1 -o /tmp/2 && cat /tmp/1 /tmp/2' >"$WORK/fetched"
	cat "$WORK/rsa2048.der" "$WORK/ecc-p256.der" | cmp - "$WORK/fetched"
	stop a
	wait_nothing_left
}

# A verifier's challenge, and the answer of the only TPM that can give it.
activate() { # TYPE
	local with=''
	printf '%s\n' 'set -e' 'cd /tmp' 'printf 1234567890abcdef >secret' \
		"tpm2_readpublic -Q -c ${handle[$1]} -o ek.pub" \
		'tpm2_createprimary -Q -C o -G ecc -c ak.ctx' 'tpm2_flushcontext -t' \
		'tpm2_readpublic -Q -c ak.ctx -n ak.name' 'tpm2_flushcontext -t' \
		"tpm2_makecredential -Q -u ek.pub -s secret -n \$(hexdump -v -e '1/1 \"%02x\"' ak.name) -o credential" \
		'tpm2_flushcontext -t'
	if is_low "$1"; then
		printf '%s\n' 'tpm2_startauthsession --policy-session -S session' 'tpm2_policysecret -Q -S session -c e'
		with='-P session:session'
	fi
	printf '%s\n' "tpm2_activatecredential -Q -c ak.ctx -C ${handle[$1]} -i credential -o opened $with" \
		'tpm2_flushcontext -t' 'cat opened'
	! is_low "$1" || echo 'tpm2_flushcontext session >/dev/null'
}

credentials_are_opened() {
	local type
	vtpmctl ca init
	start_with_ek a "$all_types"
	for type in ${all_types//,/ }; do
		assert_equal 1234567890abcdef "$(in_container a sh -c "$(activate "$type")")" "the secret for $type"
	done
	stop a
	wait_nothing_left
}

# The host sees what the container has, and sees it again after a restart.
host_sees_them() {
	vtpmctl ca init
	start_named a web --annotation io.oci-vtpm.ek=ecc-p384,rsa2048
	fetch_certificate a rsa2048
	fetch_certificate a ecc-p384
	for type in rsa2048 ecc-p384; do
		openssl x509 -inform DER -in "$WORK/$type.der"
	done >"$WORK/seen"
	assert_equal "$(<"$WORK/seen")" "$(vtpmctl ek a --cert)" certificates
	assert_equal "$(public_key_of "$WORK/rsa2048.der" && public_key_of "$WORK/ecc-p384.der")" "$(vtpmctl ek a --pem)" keys
	assert_equal '["rsa2048","ecc-p384"]' "$(vtpmctl ek a --json | jq -c '[.[].type]')" types
	assert_match 'rsa2048.*subject.*issuer.*until .*20.*ecc-p384' "$(vtpmctl ek a | tr -d '\n')" 'what vtpmctl ek prints'
	keep_secret a
	stop a
	wait_nothing_left
	echo 'asked for again, for fewer, and not at all'
	for types in ecc-p384,rsa2048 rsa2048 none; do
		start_named b web --annotation "io.oci-vtpm.ek=$types"
		has_secret b
		assert_equal "$(<"$WORK/seen")" "$(vtpmctl ek b --cert)" 'certificates after a restart'
		stop b
		wait_nothing_left
	done
	expect_refusal 'the TPM has no endorsement key with a certificate of type ecc-p256; those that it has: rsa2048,ecc-p384' \
		--annotation io.oci-vtpm.device=tpm0 --annotation io.oci-vtpm.name=web --annotation io.oci-vtpm.ek=ecc-p256,rsa2048
	wait_nothing_left
	forget_refused
	assert_equal 2 "$(vtpmctl ca list --json | jq length)" 'certificates issued'
}

host_sees_that_there_is_none() {
	start_vtpm "$runtime" a
	if vtpmctl ek a >"$WORK/ek" 2>&1; then
		fail 'vtpmctl ek found one'
	fi
	assert_match 'a: its TPM has no endorsement key with a certificate' "$(<"$WORK/ek")" message
	stop a
	wait_nothing_left
}

# Whom it is for is in the certificate, and in the authority's records.
they_say_whom_they_are_for() {
	local uuid
	configure '{"startTimeoutSeconds": 600, "ca": {"subject": "{namespace}.{pod}", "uri": "urn:uuid:{uuid}",
		"crlUrl": "http://crl.example/ek.crl", "issuerUrl": "http://ca.example/issuer.cer", "validityDays": 0}}'
	vtpmctl ca init
	start_with_ek a ecc-p256 --annotation io.oci-vtpm.name=web --annotation io.kubernetes.pod.name=web-0 \
		--annotation io.kubernetes.pod.namespace=shop
	uuid=$(vtpmctl inspect local/web | jq -r .uuid)
	assert_match '^CN=shop.web-0 never$' "$(vtpmctl ek a --json | jq -r '.[] | .subject + " " + .notAfter')" subject
	vtpmctl ek a --cert | openssl x509 -noout -text >"$WORK/text"
	assert_match "URI:urn:uuid:$uuid" "$(<"$WORK/text")" certificate
	assert_match 'http://crl.example/ek.crl' "$(<"$WORK/text")" certificate
	assert_match 'CA Issuers - URI:http://ca.example/issuer.cer' "$(<"$WORK/text")" certificate
	assert_equal "$uuid" "$(vtpmctl ca list --json | jq -r '.[].uuid')" 'uuid in the records'
	stop a
	wait_nothing_left
	echo 'a container that is in no pod'
	start_refused 'certificate authority: .*\{namespace\}' --annotation io.oci-vtpm.device=tpm0 --annotation io.oci-vtpm.ek=ecc-p256
	echo 'an ephemeral one'
	start_with_ek a ecc-p256 --annotation io.oci-vtpm.ephemeral=true --annotation io.kubernetes.pod.name=web-0 \
		--annotation io.kubernetes.pod.namespace=shop
	assert_equal "$(vtpmctl inspect a | jq -r .uuid)" "$(vtpmctl ca list --json | jq -r '.[-1].uuid')" 'uuid'
	stop a
	wait_nothing_left
}

revoked_ones_are_listed() {
	vtpmctl ca init
	fetch_chain
	start_with_ek a ecc-p256,ecc-p384 --annotation io.oci-vtpm.name=web
	fetch_certificate a ecc-p256
	fetch_certificate a ecc-p384
	vtpmctl ca crl >"$WORK/crl.pem"
	verifies "$WORK/ecc-p256.der" -crl_check -CRLfile "$WORK/crl.pem"
	vtpmctl ca revoke "$(vtpmctl ek a --json | jq -r '.[0].serial')"
	vtpmctl ca crl >"$WORK/crl.pem"
	if verifies "$WORK/ecc-p256.der" -crl_check -CRLfile "$WORK/crl.pem"; then
		fail 'the revoked certificate is still good'
	fi
	verifies "$WORK/ecc-p384.der" -crl_check -CRLfile "$WORK/crl.pem"
	vtpmctl ca revoke "$(vtpmctl inspect local/web | jq -r .uuid)"
	assert_equal 2 "$(vtpmctl ca show --json | jq .revoked)" 'revoked'
	vtpmctl ca renew
	fetch_chain
	verifies "$WORK/ecc-p384.der"
	stop a
	wait_nothing_left
}

# The state is the standard's, not ours.
swtpm_gives_the_same() {
	local type pid
	vtpmctl ca init
	start_named a web --annotation "io.oci-vtpm.ek=$all_types"
	for type in ${all_types//,/ }; do
		fetch_certificate a "$type"
	done
	stop a
	wait_nothing_left
	rm -rf "$WORK/moved"
	vtpmctl export web "$WORK/moved" --format swtpm
	swtpm socket --tpm2 --tpmstate "dir=$WORK/moved" --flags not-need-init,startup-clear \
		--server "type=unixio,path=$WORK/swtpm" --ctrl "type=unixio,path=$WORK/swtpm.ctrl" \
		--daemon --pid "file=$WORK/swtpm.pid"
	pid=$(<"$WORK/swtpm.pid")
	export TPM2TOOLS_TCTI=swtpm:path=$WORK/swtpm
	for type in ${all_types//,/ }; do
		tpm2_nvread "${index[$type]}" | cmp - "$WORK/$type.der"
		check_look "$type" "$(sh -c "$(look_at "$type")")"
		assert_equal 1234567890abcdef "$(sh -c "$(activate "$type")")" "the secret for $type"
	done
	swtpm_ioctl --unix "$WORK/swtpm.ctrl" -s
	vm_wait_exit "$pid" 60
}

# Names of the extensions, "critical" included.
extensions_of() { # PEM
	openssl x509 -in "$1" -noout -text |
		sed -n '/X509v3 extensions:/,/Signature Algorithm/s/^            \([^ ].*[^ ]\) *$/\1/p' | sort
}

# A TPM that swtpm_setup has made, with certificates of its own authority, is shown as ours
# are, and nothing that it has is missing in ours.
theirs_have_nothing_more() {
	local type
	vtpmctl ca init
	rm -rf "$WORK/theirs"
	mkdir "$WORK/theirs"
	swtpm_setup --tpm2 --tpmstate "$WORK/theirs" --runas root --create-ek-cert --pcr-banks sha256 --lock-nvram
	vtpmctl import theirs "$WORK/theirs"
	start_named a theirs --annotation io.oci-vtpm.ek=rsa2048,ecc-p384
	start_with_ek b rsa2048,ecc-p384
	vtpmctl ek a
	for type in 0 1; do
		vtpmctl ek a --json | jq -r ".[$type].certificate" >"$WORK/a.pem"
		vtpmctl ek b --json | jq -r ".[$type].certificate" >"$WORK/b.pem"
		extensions_of "$WORK/a.pem" >"$WORK/a.extensions"
		extensions_of "$WORK/b.pem" >"$WORK/b.extensions"
		paste "$WORK/a.extensions" "$WORK/b.extensions"
		assert_match 'Subject Alternative Name' "$(<"$WORK/a.extensions")" 'what swtpm has'
		assert_equal '' "$(comm -23 "$WORK/a.extensions" "$WORK/b.extensions")" 'extensions that only swtpm has'
		for name in 2.23.133.2.1 2.23.133.2.2 2.23.133.2.3; do
			assert_match "$name" "$(openssl x509 -in "$WORK/b.pem" -noout -ext subjectAltName)" 'our subject alternative name'
		done
	done
	stop a
	stop b
	wait_nothing_left
}

# TPM_ReadPubek with a nonce of zeros, and TPM_NV_ReadValue of the certificate, in a container.
tpm_1_2_is_certified() {
	local size modulus certificate
	vtpmctl ca init
	fetch_chain
	start_named a old --annotation io.oci-vtpm.version=1.2 --annotation io.oci-vtpm.ek=rsa2048
	vtpmctl ek a --cert >"$WORK/old.pem"
	openssl verify -x509_strict -CAfile "$WORK/root.pem" -untrusted "$WORK/issuer.pem" "$WORK/old.pem"
	modulus=$(openssl x509 -in "$WORK/old.pem" -noout -modulus | sed 's/Modulus=//' | tr A-F a-f)
	certificate=$(openssl x509 -in "$WORK/old.pem" -outform DER | xxd -p | tr -d '\n')
	size=$(printf '%08x' $((${#certificate} / 2)))
	assert_match "$modulus" "$(raw_command "$runtime" a /dev/tpm0 "00c1 0000001e 0000007c $(printf '%040d' 0)")" \
		'TPM_ReadPubek'
	assert_match "^00c4.{8}00000000$size$certificate\$" \
		"$(raw_command "$runtime" a /dev/tpm0 "00c1 00000016 000000cf 1000f000 00000000 $size")" 'TPM_NV_ReadValue'
	assert_match "UTF8:1.2|1\.2" "$(openssl asn1parse -in "$WORK/old.pem" -strparse \
		"$(openssl asn1parse -in "$WORK/old.pem" | sed -n '/Subject Directory/{n;s/^ *\([0-9]*\):.*/\1/p}')")" 'the specification in the certificate'
	stop a
	wait_nothing_left
	echo 'again'
	start_named a old --annotation io.oci-vtpm.version=1.2 --annotation io.oci-vtpm.ek=rsa2048
	assert_equal "$(<"$WORK/old.pem")" "$(vtpmctl ek a --cert)" 'the certificate after a restart'
	stop a
	wait_nothing_left
}

start_syslog
for runtime in "${runtimes[@]}"; do
	run_test "$runtime: keys of all types are certified" keys_are_certified
done
runtime=${runtimes[0]}
run_test 'credentials for them are opened' credentials_are_opened
run_test 'the host sees them' host_sees_them
run_test 'the host sees that there is none' host_sees_that_there_is_none
run_test 'they say whom they are for' they_say_whom_they_are_for
run_test 'revoked ones are listed' revoked_ones_are_listed
run_test 'a TPM 1.2 is certified' tpm_1_2_is_certified
run_test 'certificates of swtpm_setup have nothing more' theirs_have_nothing_more
run_test 'swtpm gives the same from the same state' swtpm_gives_the_same
finish
