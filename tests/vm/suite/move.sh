#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The oci-vtpm authors
#
# TPMs move between swtpm and kept instances, and stay what they are: the same
# endorsement keys, NV memory and PCR banks.

. "$(dirname "$0")/harness.sh"

INSTANCES=/var/lib/oci-vtpm/instances
ZEROS=$(printf '%040d' 0)

printf '%064x\n' 0x1234 >"$WORK/key256"
printf '0123456789abcdef' >"$WORK/key128"
printf 'a passphrase' >"$WORK/password"
# What each of them is for swtpm.
declare -A swtpm_key=(
	[none]=''
	[key128]="file=$WORK/key128,format=binary,mode=aes-cbc"
	[key256]="file=$WORK/key256,format=hex,mode=aes-256-cbc"
	[password]="pwdfile=$WORK/password,mode=aes-256-cbc"
)
# And for vtpmctl.
declare -A our_key=(
	[none]=''
	[key128]="--key-file $WORK/key128"
	[key256]="--key-file $WORK/key256"
	[password]="--password-file $WORK/password"
)

# Runs COMMAND while swtpm serves the TPM in DIR on the socket $WORK/swtpm.
with_swtpm() { # VERSION DIR KEY COMMAND...
	local version=$1 dir=$2 key=$3 pid status=0
	# A daemon has another working directory.
	local options=(--tpmstate "dir=$PWD/$dir" --flags 'not-need-init,startup-clear')
	shift 3
	[[ $version != 2.0 ]] || options+=(--tpm2)
	[[ $key == none ]] || options+=(--key "${swtpm_key[$key]}")
	swtpm socket "${options[@]}" --server "type=unixio,path=$WORK/swtpm" \
		--ctrl "type=unixio,path=$WORK/swtpm.ctrl" --daemon --pid "file=$WORK/swtpm.pid" ||
		fail "swtpm does not serve $dir"
	pid=$(cat "$WORK/swtpm.pid")
	"$@" || status=$?
	swtpm_ioctl --unix "$WORK/swtpm.ctrl" -s
	vm_wait_exit "$pid" 60
	return "$status"
}

# What a TPM 2.0 must not lose, said by the TPM itself. Runs in containers too.
# shellcheck disable=SC2016
LOOK_2_0='
	tpm2_readpublic -Q -c 0x81010001 -f pem -o /tmp/ek.rsa && cat /tmp/ek.rsa &&
	tpm2_readpublic -Q -c 0x81010016 -f pem -o /tmp/ek.ecc && cat /tmp/ek.ecc &&
	tpm2_getcap pcrs && echo "NV: $(tpm2_nvread -C o 0x01500001)"'

swtpm_2_0() { # SCRIPT
	TPM2TOOLS_TCTI=swtpm:path=$WORK/swtpm sh -c "$1"
}

# Commands of a TPM 1.2 as hex, one after the other, to swtpm; the responses as hex.
swtpm_1_2() { # HEX...
	perl -MSocket -e '
		my ($path, @commands) = @ARGV;
		socket(my $tpm, AF_UNIX, SOCK_STREAM, 0) or die "socket: $!\n";
		connect($tpm, sockaddr_un($path)) or die "$path: $!\n";
		for my $command (@commands) {
			$command =~ s/\s//g;
			syswrite($tpm, pack("H*", $command));
			my $response = "";
			while (length($response) < 10 || length($response) < unpack("N", substr($response, 2, 4))) {
				sysread($tpm, $response, 4096, length($response)) or die "the TPM closed\n";
			}
			print unpack("H*", $response), "\n";
		}' "$WORK/swtpm" "$@"
}

# TPM_ReadPubek with a nonce of zeros, and TPM_NV_ReadValue.
READ_EK="00c1 0000001e 0000007c $ZEROS"
READ_NV='00c1 00000016 000000cf 00010001 00000000 00000008'
write_nv() { # 16 HEX DIGITS
	printf '00c1 0000001e 000000cd 00010001 00000000 00000008 %s' "$1"
}
# TPM_NV_DefineSpace: 8 bytes at index 00010001, not bound to PCRs.
PCR_INFO="0003 000000 1f $ZEROS"
DEFINE_NV="00c1 00000065 000000cc 0018 00010001 $PCR_INFO $PCR_INFO 0017 00000001 000000 00000008 $ZEROS"

look_1_2() {
	swtpm_1_2 "$READ_EK" "$READ_NV"
}

# A TPM of swtpm's with all that is to be kept, and what it says of itself.
make_2_0() { # DIR KEY
	local options=(--tpm2 --runas root --createek --pcr-banks 'sha256,sha384')
	case $2 in
	key128) options+=(--keyfile "$WORK/key128.hex" --cipher aes-128-cbc) ;;
	password) options+=(--pwdfile "$WORK/password" --cipher aes-256-cbc) ;;
	esac
	xxd -p "$WORK/key128" >"$WORK/key128.hex"
	mkdir -p "$1"
	swtpm_setup --tpmstate "$1" "${options[@]}"
	with_swtpm 2.0 "$1" "$2" swtpm_2_0 'tpm2_nvdefine -Q -C o -s 8 0x01500001 &&
		printf 01234567 | tpm2_nvwrite -C o -i - 0x01500001'
	with_swtpm 2.0 "$1" "$2" swtpm_2_0 "$LOOK_2_0" >"$1.look"
	assert_match 'BEGIN PUBLIC KEY.*BEGIN PUBLIC KEY.*sha256:.*NV: 01234567' "$(cat "$1.look")" \
		'a TPM of swtpm'
}

make_1_2() { # DIR
	mkdir -p "$1"
	swtpm_setup --tpmstate "$1" --runas root --createek
	with_swtpm 1.2 "$1" none swtpm_1_2 "$DEFINE_NV" "$(write_nv 0102030405060708)"
	with_swtpm 1.2 "$1" none look_1_2 >"$1.look"
	assert_match '^00c40000013a00000000.*000000080102030405060708$' "$(tr -d '\n' <"$1.look")" \
		'a TPM 1.2 of swtpm'
}

clean_up() {
	rm -rf "$INSTANCES" "$WORK"/move
	mkdir "$WORK/move"
	cd "$WORK/move"
}

# From swtpm to an instance, and back under each of the other keys.
survives_2_0() { # KEY-OF-SWTPM KEY...
	local key=$1
	shift
	clean_up
	make_2_0 there "$key"
	# shellcheck disable=SC2086 # several words
	vtpmctl import web there ${our_key[$key]}
	assert_equal 2.0 "$(vtpmctl inspect web | jq -r .tpmVersion)" 'the version'
	for key; do
		# shellcheck disable=SC2086
		vtpmctl export web "back-$key" --format swtpm ${our_key[$key]}
		assert_equal 640 "$(stat -c %a "back-$key/tpm2-00.permall")" 'the mode'
		with_swtpm 2.0 "back-$key" "$key" swtpm_2_0 "$LOOK_2_0" >look
		diff there.look look || fail "another TPM came back ($key)"
	done
	vtpmctl rm web
}

survives_1_2() {
	local key
	clean_up
	make_1_2 there
	vtpmctl import old there
	assert_equal 1.2 "$(vtpmctl inspect old | jq -r .tpmVersion)" 'the version'
	for key in none key256; do
		# shellcheck disable=SC2086 # several words
		vtpmctl export old "back-$key" --format swtpm ${our_key[$key]}
		with_swtpm 1.2 "back-$key" "$key" look_1_2 >look
		diff there.look look || fail "another TPM came back ($key)"
	done
	# And under the key that swtpm has encrypted it under meanwhile.
	with_swtpm 1.2 back-key256 key256 swtpm_1_2 "$(write_nv ffffffffffffffff)"
	vtpmctl import new back-key256 --key-file "$WORK/key256"
	vtpmctl export new back-new --format swtpm
	with_swtpm 1.2 back-new none look_1_2 >look
	assert_equal "$(sed 's/0102030405060708$/ffffffffffffffff/' there.look)" "$(cat look)" 'the TPM'
	vtpmctl rm old new
}

# What a running swtpm has not written yet would be lost.
is_left_alone() {
	clean_up
	mkdir there
	with_swtpm 2.0 there none true
	with_swtpm 2.0 there none expect_failure 'there is in use by a running swtpm' vtpmctl import web there
	vtpmctl import web there
	expect_failure 'there holds a TPM already' vtpmctl export web there --format swtpm
	expect_failure 'there is an instance local/web already' vtpmctl import web there
	vtpmctl rm web
}

expect_failure() { # TEXT COMMAND...
	local text=$1 output
	shift
	if output=$("$@" 2>&1); then
		fail "$* succeeded"
	fi
	[[ $output == *"$text"* ]] || fail "$*: no '$text' in: $output"
}

# A native copy needs this host's key, or the one that it was given.
has_native_copies() {
	clean_up
	mkdir there
	with_swtpm 2.0 there none true
	vtpmctl import web there
	vtpmctl export web ours
	vtpmctl export web theirs --key-file "$WORK/key256"
	assert_equal 600 "$(stat -c %a ours)" 'the mode'
	rm -rf /var/lib/oci-vtpm
	expect_failure 'is encrypted under host key' vtpmctl import web ours
	vtpmctl import web theirs --key-file "$WORK/key256"
	vtpmctl export web back --format swtpm
	cmp there/tpm2-00.permall back/tpm2-00.permall
	vtpmctl rm web
}

# Who touches an instance's directory has become another user before, in strace's
# words of every process.
is_not_root() { # ARG...
	local file dropped touched seen=''
	rm -f trace.*
	strace -ff -o trace -e trace=setresuid,%file vtpmctl "$@"
	for file in trace.*; do
		touched=$(grep -nE '"(web|first|lock|state|state\.[a-z.]+|meta\.json(\.new)?)"' "$file" |
			grep -v ':execve' | head -n 1 | cut -d : -f 1)
		[[ $touched ]] || continue
		seen=yes
		dropped=$(grep -n '^setresuid(' "$file" | head -n 1 | cut -d : -f 1)
		((${dropped:-touched} < touched)) || fail "vtpmctl $*: root in line $touched of $(cat "$file")"
	done
	[[ $seen ]] || fail "vtpmctl $*: touched nothing"
}

leaves_root_behind() {
	clean_up
	mkdir there
	with_swtpm 2.0 there none true
	vtpmctl import first there
	is_not_root import web there
	is_not_root list
	is_not_root inspect web
	is_not_root export web copy
	is_not_root prune
	is_not_root rekey
	is_not_root rm web first
	assert_equal 'oci-vtpm 700' "$(stat -c '%U %a' "$INSTANCES")" 'the instances'
}

# What a broken supervisor may leave for root to stumble over.
stumbles_over_nothing() {
	clean_up
	mkdir there
	with_swtpm 2.0 there none true
	vtpmctl import web there
	echo secret >"$WORK/secret"
	chmod 600 "$WORK/secret"
	rm "$INSTANCES/local/web/state"
	ln -s "$WORK/secret" "$INSTANCES/local/web/state"
	expect_failure local/web vtpmctl export web copy
	assert_equal damaged "$(vtpmctl inspect web | jq -r .state)" 'the state'
	ln -s "$WORK" "$INSTANCES/local/link"
	expect_failure '' vtpmctl rm link
	vtpmctl rm web
	rm -r "$INSTANCES/local"
	ln -s "$WORK" "$INSTANCES/local"
	expect_failure '' vtpmctl import web there
	expect_failure '' vtpmctl rm move
	[[ $(cat "$WORK/secret") == secret && -d $WORK/move ]] || fail 'something outside is gone'
	rm "$INSTANCES/local"
}

# As oci-vtpm-prune.service does.
is_pruned_by_its_user() {
	clean_up
	mkdir there
	with_swtpm 2.0 there none true
	vtpmctl import _container/old there
	vtpmctl import _container/new there
	touch -d '30 days ago' "$INSTANCES/_container/old/lock"
	assert_match '^removed _container/old, last used' \
		"$(setpriv --reuid=oci-vtpm --regid=oci-vtpm --clear-groups --no-new-privs vtpmctl prune)" prune
	assert_equal new "$(ls "$INSTANCES/_container")" 'what is left'
	vtpmctl rm _container/new
}

start_named() { # RUNTIME NAME OPTION...
	local runtime=$1 name=$2
	shift 2
	start_vtpm "$runtime" "$name" --annotation "io.oci-vtpm.name=$name" "$@"
}

moves_into_a_container_and_back() { # RUNTIME
	local runtime=$1
	clean_up
	make_2_0 there none
	vtpmctl import web there
	start_named "$runtime" web
	vm_exec "$runtime" web sh -c "$LOOK_2_0" >look
	diff there.look look || fail 'the container has another TPM'
	expect_failure 'local/web is in use by container web' vtpmctl export web copy
	expect_failure 'local/web is in use by container web' vtpmctl rm web
	assert_equal 'web local/web serving' \
		"$(vtpmctl list --json | jq -r '.[] | "\(.containerId) \(.instance) \(.state)"')" 'vtpmctl list'
	vm_exec "$runtime" web sh -c 'printf 76543210 | tpm2_nvwrite -C o -i - 0x01500001'
	vm_stop "$runtime" web
	assert_equal stopped "$(vtpmctl inspect web | jq -r .state)" 'the state'
	vtpmctl export web back --format swtpm --key-file "$WORK/key256"
	with_swtpm 2.0 back key256 swtpm_2_0 "$LOOK_2_0" >look
	diff <(sed 's/^NV: .*/NV: 76543210/' there.look) look || fail 'another TPM came back'
	vtpmctl rm web
}

moves_a_tpm_1_2_into_a_container_and_back() { # RUNTIME
	local runtime=$1
	clean_up
	make_1_2 there
	vtpmctl import old there
	start_named "$runtime" old --annotation io.oci-vtpm.version=1.2
	{
		raw_command "$runtime" old /dev/tpm0 "$READ_EK"
		echo
		raw_command "$runtime" old /dev/tpm0 "$READ_NV"
		echo
	} >look
	diff there.look look || fail 'the container has another TPM'
	raw_command "$runtime" old /dev/tpm0 "$(write_nv ffffffffffffffff)"
	vm_stop "$runtime" old
	vtpmctl export old back --format swtpm
	with_swtpm 1.2 back none look_1_2 >look
	assert_equal "$(sed 's/0102030405060708$/ffffffffffffffff/' there.look)" "$(cat look)" 'the TPM'
	vtpmctl rm old
}

# A key that changes under a running container, twice.
is_rekeyed_while_it_runs() { # RUNTIME
	local runtime=$1 keys=/var/lib/oci-vtpm/host.key output
	clean_up
	mkdir there
	with_swtpm 2.0 there none true
	vtpmctl import stopped there
	start_named "$runtime" web
	output=$(vtpmctl rekey)
	assert_match 'encrypted anew: 1, left: 1' "$output" rekey
	assert_match 'local/web is in use by container web' "$output" rekey
	expect_failure 'no further key is made' vtpmctl rekey
	[[ -e $keys.previous ]] || fail 'the previous key is gone'
	vm_exec "$runtime" web tpm2_nvdefine -Q -C o -s 8 0x01500001
	vm_stop "$runtime" web
	start_named "$runtime" web
	vm_exec "$runtime" web tpm2_nvreadpublic 0x01500001
	vm_stop "$runtime" web
	vtpmctl rekey
	[[ ! -e $keys.previous ]] || fail 'the previous key is left'
	start_named "$runtime" web
	vm_exec "$runtime" web tpm2_nvreadpublic 0x01500001
	vm_stop "$runtime" web
	vtpmctl rm web stopped
}

start_syslog
run_test 'swtpm gets its TPM 2.0 back' survives_2_0 none none key128 key256 password
for key in key128 password; do
	run_test "swtpm gets its encrypted TPM 2.0 back ($key)" survives_2_0 "$key" none
done
run_test 'swtpm gets its TPM 1.2 back' survives_1_2
run_test 'a running swtpm is left alone' is_left_alone
run_test 'a native copy has a key' has_native_copies
run_test 'vtpmctl works on instances as their user' leaves_root_behind
run_test 'vtpmctl follows no link in instances' stumbles_over_nothing
run_test 'prune needs no privilege' is_pruned_by_its_user
for runtime in "${runtimes[@]}"; do
	run_test "$runtime: a TPM 2.0 moves into a container and back" moves_into_a_container_and_back "$runtime"
	run_test "$runtime: a TPM 1.2 moves into a container and back" moves_a_tpm_1_2_into_a_container_and_back "$runtime"
done
run_test 'the host key changes while a container runs' is_rekeyed_while_it_runs runc
finish
