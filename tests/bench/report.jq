# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The oci-vtpm authors
#
# jq -R -n --slurpfile facts facts.json -f report.jq samples > bench.json
#
# "ratio" is ours / peer; both are medians unless the name says p99. Where each
# repetition measured both, it is the median of the repetitions' ratios, which a host
# that is now fast and now slow changes little. A row with a null has no such side.

def middle: sort | (.[(length - 1) / 2 | floor] + .[length / 2 | floor]) / 2;

def rounded: . * 1000 | round / 1000;

[inputs | split("\t") | {label: .[0], value: (.[1] | tonumber)}]
| group_by(.label) | map({key: .[0].label, value: map(.value)}) | from_entries
| . as $samples

# Divides by SCALE to get from what was measured to UNIT.
| def median($name; $scale):
	if $name and $samples[$name] then $samples[$name] | middle / $scale | rounded else null end;

  def ratio($ours; $peer):
	if $peer and $samples[$ours] and $samples[$peer]
	then [$samples[$ours], $samples[$peer]] | transpose | map(select(.[0] and .[1] > 0) | .[0] / .[1])
		| middle | rounded
	else null end;

  def row($name; $unit; $scale; $ours; $peer; $peer_name):
	{name: $name, unit: $unit, ours: median($ours; $scale), peer: median($peer; $scale),
	 peerName: $peer_name, ratio: ratio($ours; $peer)};

  def start($runtime):
	row("\($runtime): start with an idle hook"; "ms"; 1000;
		"start/\($runtime)/idle"; "start/\($runtime)/plain"; "no hook"),
	row("\($runtime): start with a vTPM"; "ms"; 1000;
		"start/\($runtime)/vtpm"; "start/\($runtime)/peer"; "script + swtpm"),
	row("\($runtime): start with a vTPM"; "ms"; 1000;
		"start/\($runtime)/vtpm"; "start/\($runtime)/plain"; "no hook");

  def trip($command; $device; $statistic):
	row("\($command) on /dev/\($device)0, \($statistic)"; "us"; 1;
		"roundtrip/\($command)/\($device)/vtpm/\($statistic)";
		"roundtrip/\($command)/\($device)/peer/\($statistic)"; "swtpm");

  # swtpm has the kernel's driver. Without it there is nothing to compare with.
  def trip_by($driver; $command; $statistic):
	row("\($command) by \($driver), \($statistic)"; "us"; 1;
		"roundtrip/\($command)/tpm/\($driver)/\($statistic)";
		"roundtrip/\($command)/tpm/peer/\($statistic)"; "swtpm, vtpmx");

  # The same supervisor and emulator, below another module.
  def trip_by_module($device; $command; $statistic):
	row("\($command) on /dev/\($device)0 by our module, \($statistic)"; "us"; 1;
		"roundtrip/\($command)/\($device)/module/\($statistic)";
		"roundtrip/\($command)/\($device)/vtpm/\($statistic)"; "the kernel's module"),
	row("\($command) on /dev/\($device)0 by our module, \($statistic)"; "us"; 1;
		"roundtrip/\($command)/\($device)/module/\($statistic)";
		"roundtrip/\($command)/\($device)/peer-module/\($statistic)"; "swtpm, our module");

  # libtpms called by a program, with nothing in between.
  def in_process($command; $statistic):
	row("\($command) in process, \($statistic)"; "us"; 1;
		"inside/bare/\($command)\(if $statistic == "median" then "" else "/\($statistic)" end)";
		"roundtrip/\($command)/tpm/vtpm/\($statistic)"; "ours on /dev/tpm0")
	| .ratio = (if .ours and .peer then .ours / .peer | rounded else null end);

  # swtpm 0.7 writes its state without fsync.
  def nv($statistic):
	row("NV_Write on /dev/tpm0, \($statistic)"; "us"; 1;
		"roundtrip/NV_Write/tpm/vtpm/\($statistic)";
		"roundtrip/NV_Write/tpm/peer/\($statistic)"; "swtpm, no fsync"),
	row("NV_Write on /dev/tpm0, \($statistic)"; "us"; 1;
		"roundtrip/NV_Write/tpm/vtpm/\($statistic)";
		"roundtrip/NV_Write/tpm/ephemeral/\($statistic)"; "ours, ephemeral");

  # Samples that are single values, of which the 99th percentile is wanted too.
  def percentile($name; $p): $samples[$name] | if . then sort | .[((length - 1) * $p | ceil)] else null end;

  def restart($name; $p):
	percentile("restart/ours"; $p) as $ours | percentile("restart/process"; $p) as $process
	| {name: "here: emulator killed to next answer, \($name)", unit: "ms",
	   ours: (if $ours then $ours / 1000 | rounded else null end),
	   peer: (if $process then $process / 1000 | rounded else null end),
	   peerName: "fork, exec, exit",
	   ratio: (if $ours and $process then $ours / $process | rounded else null end)};

  def cost($command; $mode; $peer; $peer_name):
	row("here: \($command), \($mode)"; "us"; 1; "state/\($mode)/\($command)"; "state/\($peer)/\($command)"; $peer_name);

  # Where a round trip on /dev/tpm0 goes: what the same command takes in process is
  # taken off from the whole.
  def part($command; $name; $more; $less; $whole):
	median($more; 1) as $from
	| (if $less then median($less; 1) else 0 end) as $off
	| median($whole; 1) as $all
	| {name: "of that \($command), \($name)", unit: "us",
	   ours: (if $from and $off != null then $from - $off | rounded else null end),
	   peer: $all, peerName: "the round trip",
	   ratio: (if $from and $off != null and $all then ($from - $off) / $all | rounded else null end)};

  def parts($command; $kept):
	"roundtrip/\($command)/tpm/vtpm/median" as $whole
	| part($command; "the TPM itself"; "inside/bare/\($command)"; null; $whole),
	  part($command; "the journal"; "inside/journal/\($command)"; "inside/bare/\($command)"; $whole),
	  (if $kept == "store"
	   then part($command; "state on disk"; "inside/store/\($command)"; "inside/journal/\($command)"; $whole)
	   else empty end),
	  part($command; "kernel and processes"; $whole; "inside/\($kept)/\($command)"; $whole);

  # The same commands without any client or process in between.
  def fuse($command; $how; $where; $statistic):
	row("here: \($command) through FUSE\($where), \($statistic)"; "us"; 1;
		"roundtrip/\($command)/\($how)/\($statistic)";
		"state/bare/\($command)\(if $statistic == "median" then "" else "/\($statistic)" end)"; "in process")
	| .ratio = (if .ours and .peer then .ours / .peer | rounded else null end);

  # From the start of the hook until the TPM can be used.
  def identity($keys; $variant):
	row("here: TPM with \($keys), made now"; "ms"; 1000; "identity/cold-\($variant)"; "identity/peer";
		"swtpm_setup (2 keys) + swtpm"),
	row("here: TPM with \($keys), made now"; "ms"; 1000; "identity/cold-\($variant)"; "identity/cold-none";
		"ours, no key"),
	row("here: TPM with \($keys), from the pool"; "ms"; 1000; "identity/pool-\($variant)"; "identity/pool-none";
		"ours, no key");

  def memory($kind; $what; $group; $which):
	row("memory, \($what), \($which)"; "KiB"; 1;
		"memory/\($kind)/\($group)/vtpm"; "memory/\($kind)/\($group)/peer"; "swtpm");

  $facts[0] + {
	emulated: true, # tests/vm/run always emulates
	rows: [
		(("runc", "crun") | start(.)),
		row("from nothing to a usable TPM"; "ms"; 1000; "ready/vtpm"; "ready/peer"; "script + swtpm"),
		(("tpm", "tpmrm") as $device | ("GetRandom", "PCR_Read", "PCR_Extend") as $command
			| ("median", "p99") | trip($command; $device; .)),
		(("cuse", "fuse") as $driver | ("GetRandom", "PCR_Read") as $command
			| ("median", "p99") | trip_by($driver; $command; .)),
		(("tpm", "tpmrm") as $device | ("GetRandom", "PCR_Read") as $command
			| ("median", "p99") | trip_by_module($device; $command; .)),
		(("GetRandom", "PCR_Read") as $command | ("median", "p99") | in_process($command; .)),
		(("median", "p99") | nv(.)),
		(("GetRandom", "PCR_Extend") | parts(.; "journal")), parts("NV_Write"; "store"),
		(["alone", "the only one"], ["further", "a further one"] | . as [$group, $which]
			| memory("private"; "private"; $group; $which),
			  memory("dirty"; "private and written"; $group; $which),
			  memory("shared"; "shared"; $group; $which),
			  memory("tables"; "page tables"; $group; $which)),
		(restart("median"; 0.5), restart("p99"; 0.99)),
		(("GetRandom", "PCR_Read", "PCR_Extend", "NV_Write") as $command
			| cost($command; "journal"; "bare"; "no journal")),
		cost("NV_Write"; "store"; "journal"; "no disk"),
		(("GetRandom", "PCR_Read", "PCR_Extend") as $command | ("median", "p99")
			| fuse($command; "fuse"; ""; .), fuse($command; "fuse-one"; ", one CPU"; .)),
		identity("RSA 2048 EK"; "rsa2048"), identity("P-384 EK"; "ecc-p384"),
		identity("both EKs"; "rsa2048-ecc-p384"),
		row("container's death to device gone"; "ms"; 1000; "stop/vtpm"; null; null)
	]}
