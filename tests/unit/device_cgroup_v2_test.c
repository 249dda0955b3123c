/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "device_cgroup_internal.h"

#include <bpf/bpf.h>
#include <criterion/criterion.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

/* In a cgroup of its own, without processes: what is attached to it can be
   listed.  Needs root, a cgroup2 mount and BPF device filters.  */

#define ATTACHED_MAX 8

struct attached
{
  __u32 flags, count;
  __u32 ids[ATTACHED_MAX];
};

static char path[512];
static int cgroup_fd = -1;

static const struct vtpm_device_number tpm[] = { { 10, 224 }, { 250, 65536 } };

static bool
find_cgroup2 (char *mount_point, size_t size)
{
  FILE *mounts = setmntent ("/proc/self/mounts", "r");
  const struct mntent *entry;
  bool found = false;

  while (!found && mounts != NULL && (entry = getmntent (mounts)) != NULL)
    if (strcmp (entry->mnt_type, "cgroup2") == 0)
      found = snprintf (mount_point, size, "%s", entry->mnt_dir) < (int) size;
  if (mounts != NULL)
    endmntent (mounts);
  return found;
}

static struct attached
query (void)
{
  struct attached attached = { .count = ATTACHED_MAX };

  cr_assert_eq (bpf_prog_query (cgroup_fd, BPF_CGROUP_DEVICE, 0, &attached.flags, attached.ids,
                                &attached.count),
                0);
  return attached;
}

static void
make_cgroup (void)
{
  char mount_point[256];
  __u32 flags, count = 0;

  if (geteuid () != 0 || !find_cgroup2 (mount_point, sizeof (mount_point)))
    cr_skip_test ("device_cgroup_v2 needs root and a cgroup2 mount");
  snprintf (path, sizeof (path), "%s/oci-vtpm-unit-%d", mount_point, (int) getpid ());
  if (mkdir (path, 0755) < 0)
    cr_skip_test ("device_cgroup_v2 needs a writable cgroup2 mount");
  cgroup_fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  cr_assert_geq (cgroup_fd, 0);
  if (bpf_prog_query (cgroup_fd, BPF_CGROUP_DEVICE, 0, &flags, NULL, &count) < 0)
    cr_skip_test ("device_cgroup_v2 needs a kernel with device filters");
}

static void
remove_cgroup (void)
{
  if (cgroup_fd < 0)
    return;
  vtpm_cleanup_close (&cgroup_fd);
  rmdir (path);
}

static int
load (const struct bpf_insn *insns, size_t count)
{
  int fd = bpf_prog_load (BPF_PROG_TYPE_CGROUP_DEVICE, "unit_test", "GPL", insns, count, NULL);

  cr_assert_geq (fd, 0, "cannot load a filter: %s", strerror (-fd));
  return fd;
}

static int
load_constant (int result)
{
  const struct bpf_insn insns[] = {
    { .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = result },
    { .code = BPF_JMP | BPF_EXIT },
  };

  return load (insns, 2);
}

static void
attach (int program_fd, unsigned int flags)
{
  cr_assert_eq (bpf_prog_attach (program_fd, cgroup_fd, BPF_CGROUP_DEVICE, flags), 0);
}

static struct vtpm_device_grant *
must_allow (void)
{
  _cleanup_error_ struct vtpm_error *error = NULL;
  struct vtpm_device_grant *grant = NULL;

  cr_assert_eq (vtpm_device_cgroup_v2.allow (cgroup_fd, path, tpm, 2, &grant, &error), 0, "%s",
                error != NULL ? vtpm_error_message (error) : "");
  return grant;
}

static void
check_refused (const char *words)
{
  const struct attached before = query ();
  _cleanup_error_ struct vtpm_error *error = NULL;
  struct vtpm_device_grant *grant = NULL;
  struct attached after;

  cr_assert_eq (vtpm_device_cgroup_v2.allow (cgroup_fd, path, tpm, 2, &grant, &error), -1);
  cr_assert_null (grant);
  cr_assert_not_null (strstr (vtpm_error_message (error), words), "%s", vtpm_error_message (error));
  after = query ();
  cr_assert_eq (memcmp (&before, &after, sizeof (before)), 0, "the filters are not as they were");
}

static void
check_replaced_and_taken_back (void)
{
  const struct attached before = query ();
  struct vtpm_device_grant *grant = must_allow ();
  struct attached during = query (), after;

  cr_assert_eq (during.count, before.count);
  cr_assert_eq (during.flags, before.flags);
  for (__u32 i = 0; i < before.count; i++)
    cr_assert_neq (during.ids[i], before.ids[i], "filter %u has not been replaced", i);
  vtpm_device_cgroup_v2.take_back (cgroup_fd, path, grant);
  vtpm_device_cgroup_v2.free_grant (grant);
  after = query ();
  cr_assert_eq (memcmp (&before, &after, sizeof (before)), 0, "not taken back");
}

TestSuite (device_cgroup_v2, .init = make_cgroup, .fini = remove_cgroup);

Test (device_cgroup_v2, does_nothing_where_there_is_no_filter)
{
  struct vtpm_device_grant *grant = must_allow ();

  cr_assert_eq (query ().count, 0);
  vtpm_device_cgroup_v2.free_grant (grant);
}

Test (device_cgroup_v2, replaces_every_filter)
{
  for (int i = 0; i < 3; i++)
    attach (load_constant (i % 2), BPF_F_ALLOW_MULTI);
  cr_assert_eq (query ().count, 3);
  check_replaced_and_taken_back ();
}

Test (device_cgroup_v2, keeps_its_filters_when_freed)
{
  struct attached before, after;

  attach (load_constant (0), BPF_F_ALLOW_MULTI);
  before = query ();
  vtpm_device_cgroup_v2.free_grant (must_allow ());
  after = query ();
  cr_assert_eq (after.count, 1);
  cr_assert_neq (after.ids[0], before.ids[0]);
}

Test (device_cgroup_v2, replaces_a_filter_that_may_be_overridden)
{
  attach (load_constant (0), BPF_F_ALLOW_OVERRIDE);
  check_replaced_and_taken_back ();
}

Test (device_cgroup_v2, replaces_a_filter_that_stands_alone)
{
  attach (load_constant (0), 0);
  check_replaced_and_taken_back ();
}

/* The first filter has been replaced already when the second one fails.  */
Test (device_cgroup_v2, puts_back_when_one_cannot_be_replaced)
{
  attach (load_constant (1), BPF_F_ALLOW_MULTI);
  if (bpf_link_create (load_constant (0), cgroup_fd, BPF_CGROUP_DEVICE, NULL) < 0)
    cr_skip_test ("device_cgroup_v2 needs BPF links (Linux 5.7)");
  cr_assert_eq (query ().count, 2);
  check_refused ("BPF link");
}

Test (device_cgroup_v2, refuses_a_filter_with_a_map)
{
  int map_fd = bpf_map_create (BPF_MAP_TYPE_ARRAY, "unit_test", 4, 4, 1, NULL);
  const struct bpf_insn insns[] = {
    { .code = BPF_LD | BPF_IMM | BPF_DW,
      .dst_reg = 2,
      .src_reg = BPF_PSEUDO_MAP_FD,
      .imm = map_fd },
    { .code = 0 },
    { .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = 1 },
    { .code = BPF_JMP | BPF_EXIT },
  };

  attach (load_constant (1), BPF_F_ALLOW_MULTI);
  attach (load (insns, 4), BPF_F_ALLOW_MULTI);
  check_refused ("uses a map");
}

Test (device_cgroup_v2, refuses_a_filter_that_calls_a_helper)
{
  const struct bpf_insn insns[] = {
    { .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_ktime_get_ns },
    { .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = 1 },
    { .code = BPF_JMP | BPF_EXIT },
  };

  attach (load (insns, 3), BPF_F_ALLOW_MULTI);
  check_refused ("calls a function");
}
