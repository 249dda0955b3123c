#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The oci-vtpm authors
#
# How /dev/tpm0 behaves to a program that opens it, whatever the driver: Linux's own
# device is the model. The programs are Perl on the host that open the container's node,
# as there is no Perl in the container.

# shellcheck disable=SC2016 # Perl expands what is in the programs

. "$(dirname "$0")/harness.sh"

# Runs a Perl program on the device. It has: $path; command(NAME) for some TPM commands;
# ask($fd, COMMAND), which returns the response; is(GOT, WANTED, WHAT); try_open(FLAGS),
# which returns a descriptor or the name of the error; outcome(RESULT), likewise; and
# ready($fd, EVENTS, SECONDS).
on_device() { # PROGRAM
	perl -MErrno -MFcntl -e '
		use strict; use warnings;
		our $path = shift;
		our %command = (
			random => "80010000000c0000017b0008", # TPM2_GetRandom(8)
			selftest => "80010000000b0000014301",
			create => "80010000000a00000131", # TPM2_CreatePrimary, without parameters
			locality => "80010000000b2000100000", # the driver'"'"'s own "set locality"
		);
		sub command { pack "H*", $command{$_[0]} }
		sub is { $_[0] eq $_[1] or die "$_[2]: wanted $_[1], got $_[0]\n" }
		sub isnt { $_[0] ne $_[1] or die "$_[2]: got $_[0]\n" }
		sub error { my ($name) = grep { $!{$_} } keys %!; $name // "error $!" }
		sub outcome { defined $_[0] ? $_[0] : error() }
		sub try_open { my $fd; sysopen($fd, $path, $_[0] // O_RDWR) ? $fd : error() }
		sub ask { my ($fd, $c) = @_; is(outcome(syswrite $fd, $c), length $c, "write"); sysread($fd, my $r, 4096) // die "read: $!\n"; $r }
		# What of 1 (to be read) and 2 (to be written) it is ready for, by select(2), which is
		# poll(2) to a device; perl-base has nothing for the other.
		sub IN { 1 } sub OUT { 2 }
		sub ready {
			my ($fd, $events, $seconds) = @_; my ($in, $out) = ("", "");
			vec($in, fileno $fd, 1) = $events & IN; vec($out, fileno $fd, 1) = $events >> 1;
			select $in, $out, undef, $seconds;
			vec($in, fileno $fd, 1) | vec($out, fileno $fd, 1) << 1;
		}
		'"$1" "/proc/$(vm_pid "$runtime" device)/root/dev/tpm0"
}

with_device() { # PROGRAM
	start_vtpm "$runtime" device
	on_device "$1"
	# It is as good as before.
	vm_exec "$runtime" device tpm2_getrandom --hex 4
	vm_stop "$runtime" device
}

one_opener() {
	with_device '
		my $fd = try_open();
		is(try_open(), "EBUSY", "a second open") for 1 .. 20;
		ask($fd, command("random"));
		close $fd;
		for (1 .. 100) { $fd = try_open(); ref $fd or die "open after close: $fd\n"; ask($fd, command("random")); close $fd }
		# Inherited, it is the same open file.
		$fd = try_open();
		unless (fork) { ask($fd, command("random")); exit 0 }
		wait; is($?, 0, "a child"); is(try_open(), "EBUSY", "an open while the parent has it");'
}

short_reads() {
	with_device '
		my $fd = try_open(); my ($all, $got) = "";
		syswrite $fd, command("random");
		$all .= $got while sysread $fd, $got, 3;
		is(length $all, 20, "the response in parts");
		is(unpack("H20", $all), "80010000001400000000", "its header");
		is(sysread($fd, $got, 4096), 0, "a read after the end");
		# A part is enough to give the rest up.
		syswrite $fd, command("random"); sysread $fd, $got, 10;
		is(length ask($fd, command("random")), 20, "the next command");
		# pread at an offset makes no difference, and neither does seeking.
		syswrite $fd, command("random"); sysseek($fd, 0, 0);
		is(sysread($fd, $got, 4096), 20, "a read after a seek");
		is(unpack("N", substr $got, 2, 4), 20, "its size");'
}

garbage_writes() {
	with_device '
		my $fd = try_open(); my $got;
		is(outcome(syswrite $fd, "x"), "EINVAL", "one byte");
		is(outcome(syswrite $fd, "\x80\x01\x00\x00\x01"), "EINVAL", "5 bytes");
		is(outcome(syswrite $fd, pack "H*", "80010000001400000144"), "EINVAL", "a command that is not complete");
		is(outcome(syswrite $fd, "\xff" x 64), "EINVAL", "a size of 4 GiB");
		is(outcome(syswrite $fd, "\x00" x 4097), "E2BIG", "4097 bytes");
		is(outcome(syswrite $fd, command("locality")), "EFAULT", "the locality");
		is(sysread($fd, $got, 4096), 0, "a read of what was not written");
		# The TPM itself refuses these.
		is(unpack("x6 H8", ask($fd, pack "H*", "8001" . "0000000a" . "ffffffff")), "00000143", "an unknown command");
		isnt(unpack("x6 H8", ask($fd, pack "H*", "1234" . "0000000a" . "0000017b")), "00000000", "a wrong tag");
		# More than its size says: the rest is ignored.
		is(outcome(syswrite $fd, command("random") . "rest"), 16, "a command and a rest");
		is(sysread($fd, $got, 4096), 20, "its response");
		srand 1;
		for (1 .. 500) {
			my $junk = join "", map { chr int rand 256 } 1 .. 10 + rand 100;
			substr $junk, 2, 4, pack "N", length $junk if rand 2 > 1;
			sysread $fd, $got, 4096 if defined syswrite $fd, $junk;
		}
		is(length ask($fd, command("random")), 20, "a command afterwards");'
}

unread_response() {
	with_device '
		my $fd = try_open(); my $got;
		syswrite $fd, command("random");
		is(outcome(syswrite $fd, command("random")), "EBUSY", "a command before the response is read");
		is(sysread($fd, $got, 4096), 20, "the response");
		# Not read at all: gone with the file.
		syswrite $fd, command("random"); close $fd;
		$fd = try_open();
		is(sysread($fd, $got, 4096), 0, "another open file");
		# Closed while the TPM works: the next has its own answer.
		for (1 .. 20) {
			close $fd; $fd = try_open(O_RDWR | O_NONBLOCK); ref $fd or die "open: $fd\n";
			syswrite $fd, command("selftest"); close $fd;
			$fd = try_open(); ref $fd or die "open: $fd\n";
			is(length ask($fd, command("random")), 20, "the next command");
		}'
}

poll_and_nonblock() {
	with_device '
		my $fd = try_open(O_RDWR | O_NONBLOCK); my $got;
		is(ready($fd, IN | OUT, 0), OUT, "poll before a command");
		for (1 .. 50) {
			is(outcome(syswrite $fd, command("random")), 12, "write");
			is(ready($fd, IN, 60), IN, "poll after it");
			is(sysread($fd, $got, 4096), 20, "read");
			is(ready($fd, IN, 0), 0, "poll after that");
		}
		# Nobody waits by poll: a read is too early or not.
		syswrite $fd, command("random");
		my $end = time + 60; my $n;
		1 until ($n = sysread $fd, $got, 4096) or time > $end;
		is($n, 20, "read in a loop");
		# select in a child, while the parent writes
		pipe my $reader, my $writer;
		my $pid = fork;
		unless ($pid) {
			close $reader; syswrite $writer, "x";
			exit(ready($fd, IN, 60) ? 0 : 1);
		}
		sysread $reader, $got, 1; select undef, undef, undef, 0.2;
		syswrite $fd, command("random");
		waitpid $pid, 0; is($?, 0, "poll in another process");'
}

# A signal does not end a command, and its client may be killed while it waits.
killed_client() {
	local pids client
	start_vtpm "$runtime" device
	# The supervisor first, which would start another emulator.
	mapfile -t pids < <(vtpmctl inspect device | jq '.supervisorPid, .emulatorPid')
	kill -STOP "${pids[@]}"
	# For this one the kernel waits minutes; for most, two seconds, which a busy machine
	# may take to look.
	on_device 'my $fd = try_open(); syswrite $fd, command("create")' &
	vm_wait_until 60 client_waits || fail 'the client does not wait'
	client=$(pgrep -x perl)
	kill -KILL "$client"
	kill -CONT "${pids[@]}"
	vm_wait_exit "$client" 60
	on_device 'my $fd = try_open(); is(length ask($fd, command("random")), 20, "the next client")'
	vm_exec "$runtime" device tpm2_getrandom --hex 4
	vm_stop "$runtime" device
}

# With cuse and fuse the supervisor answers to open(2) too.
client_waits() {
	local pid state
	pid=$(pgrep -x perl) && grep -qE '^(1|2|257) ' "/proc/$pid/syscall" &&
		read -r _ _ state _ <"/proc/$pid/stat" && [[ $state != R ]]
}

# A container's root owns its node.
owner_and_mode() {
	start_vtpm "$runtime" device
	assert_equal '660 0 0' "$(vm_exec "$runtime" device stat -c '%a %u %g' /dev/tpm0)" 'as it was made'
	vm_exec "$runtime" device chown 1000:2000 /dev/tpm0
	vm_exec "$runtime" device chmod 0604 /dev/tpm0
	assert_equal '604 1000 2000' "$(vm_exec "$runtime" device stat -c '%a %u %g' /dev/tpm0)" 'after chown and chmod'
	"$runtime" exec --user 1000:3000 device sh -c 'exec 3<>/dev/tpm0' || fail 'the owner may not'
	! "$runtime" exec --user 1001:3000 device sh -c 'exec 3<>/dev/tpm0' || fail 'others may write'
	"$runtime" exec --user 1001:3000 device sh -c 'exec 3</dev/tpm0' || fail 'others may not read'
	vm_exec "$runtime" device sh -c 'touch /dev/tpm0 && : >/dev/tpm0 && tpm2_getrandom --hex 4'
	vm_stop "$runtime" device
}

# Commands through the node of a container with CAP_SYS_ADMIN, which unmounts it, or of
# one that removes it.
removed_inside() {
	start_vtpm "$runtime" device --edit '.process.capabilities |= map_values(. + ["CAP_SYS_ADMIN"])'
	if driver_has number; then
		vm_exec "$runtime" device rm /dev/tpm0
	else
		if vm_exec "$runtime" device rm /dev/tpm0; then
			fail 'a mount point was removed'
		fi
		vm_exec "$runtime" device umount /dev/tpm0
		# The last mount of it: the TPM has no client any more, and never will.
		wait_processes
		expect_log 'device: the device was unmounted everywhere: the TPM ends'
	fi
	vm_stop "$runtime" device
}

resident_kib() { # PID
	awk '$1 == "VmRSS:" { print $2 }' "/proc/$1/status"
}

memory_does_not_grow() {
	local supervisor before after
	start_vtpm "$runtime" device
	supervisor=$(vtpmctl inspect device | jq .supervisorPid)
	local use='for (1 .. 100) {
		my $fd = try_open(O_RDWR | O_NONBLOCK); ref $fd or die "open: $fd\n";
		for (1 .. 5) { syswrite $fd, command("random"); ready($fd, IN, 60); sysread $fd, my $got, 4096 }
		syswrite $fd, "junk";
		is(try_open(), "EBUSY", "a second open");
	}'
	on_device "$use"
	before=$(resident_kib "$supervisor")
	on_device "$use"
	on_device "$use"
	after=$(resident_kib "$supervisor")
	echo "$before KiB, then $after KiB"
	((after - before < 64)) || fail "the supervisor has grown from $before to $after KiB"
	assert_equal 0 "$(vtpmctl inspect device | jq .emulatorRestarts)" restarts
	vm_stop "$runtime" device
}

start_syslog
runtime=${runtimes[0]}
run_test "$runtime: one open file at a time" one_opener
run_test "$runtime: a response in parts" short_reads
run_test "$runtime: garbage" garbage_writes
run_test "$runtime: responses that nobody reads" unread_response
run_test "$runtime: poll and O_NONBLOCK" poll_and_nonblock
run_test "$runtime: a client is killed while it waits" killed_client
run_test "$runtime: chown, chmod, truncation" owner_and_mode
run_test "$runtime: removed in the container" removed_inside
run_test "$runtime: memory does not grow" memory_does_not_grow
finish
