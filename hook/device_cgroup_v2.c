/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "device_cgroup_internal.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <string.h>

#include "cgroup_paths.h"
#include "device_filter.h"
#include "log.h"

/* The most programs of one type in effect in a cgroup, those of the cgroups
   above it included (BPF_CGROUP_MAX_PROGS in the kernel).  */
#define PROGRAMS_MAX 64

#define FILTER_NAME "oci_vtpm_device"

/* One attached filter and ours that takes its place.  */
struct replacement
{
  int cgroup_fd; /* not owned */
  __u32 flags;   /* with which the original is attached */
  int original_fd;
  int filter_fd;
};

struct vtpm_device_grant
{
  int scope_fd; /* the cgroup above, if that was made for the container, too */
  size_t count;
  struct replacement replacements[PROGRAMS_MAX];
};

struct program_ids
{
  __u32 flags;
  __u32 count;
  __u32 ids[PROGRAMS_MAX];
};

static int
query (int cgroup_fd, __u32 query_flags, struct program_ids *programs, struct vtpm_error **error)
{
  int result;

  programs->count = PROGRAMS_MAX;
  result = bpf_prog_query (cgroup_fd, BPF_CGROUP_DEVICE, query_flags, &programs->flags,
                           programs->ids, &programs->count);
  if (result < 0)
    return vtpm_error_set (error, -result, "cannot list the device filters");
  return 0;
}

/* Reads the instructions of a loaded filter, in the form in which the kernel
   keeps them.  The caller frees *INSNS.  */
static int
read_instructions (int program_fd, struct bpf_insn **insns, size_t *count,
                   struct vtpm_error **error)
{
  _cleanup_free_ struct bpf_insn *found = NULL;
  struct bpf_prog_info info = { .type = 0 };
  __u32 info_size = sizeof (info);
  __u32 size;
  int result = bpf_obj_get_info_by_fd (program_fd, &info, &info_size);

  if (result < 0)
    return vtpm_error_set (error, -result, "cannot examine the device filter");
  if (info.nr_map_ids > 0)
    return vtpm_error_set_plain (error, ENOTSUP, "the device filter uses a map");
  size = info.xlated_prog_len;
  found = malloc (size);
  if (found == NULL)
    return vtpm_error_set (error, ENOMEM, "device filter");
  info = (struct bpf_prog_info){ .xlated_prog_len = size,
                                 .xlated_prog_insns = (__u64) (uintptr_t) found };
  info_size = sizeof (info);
  result = bpf_obj_get_info_by_fd (program_fd, &info, &info_size);
  if (result < 0)
    return vtpm_error_set (error, -result, "cannot read the device filter");
  if (size == 0 || info.xlated_prog_len != size || info.xlated_prog_insns == 0)
    return vtpm_error_set_plain (error, ENOTSUP,
                                 "the kernel does not show the device filter (CAP_SYSLOG, "
                                 "kernel.kptr_restrict, net.core.bpf_jit_harden)");
  *insns = vtpm_steal_pointer (&found);
  *count = size / sizeof (struct bpf_insn);
  return 0;
}

/* libbpf raises RLIMIT_MEMLOCK by itself where the kernel (before 5.11) counts
   programs against it.  */
static int
load_filter (const struct vtpm_device_number *numbers, size_t count, int original_fd,
             int *filter_fd, struct vtpm_error **error)
{
  _cleanup_free_ struct bpf_insn *original = NULL;
  _cleanup_free_ struct bpf_insn *filter = NULL;
  size_t original_count = 0, filter_count = 0;
  int result;

  if (read_instructions (original_fd, &original, &original_count, error) < 0
      || vtpm_device_filter_build (numbers, count, original, original_count, &filter, &filter_count,
                                   error)
             < 0)
    return -1;
  result = bpf_prog_load (BPF_PROG_TYPE_CGROUP_DEVICE, FILTER_NAME, "Dual BSD/GPL", filter,
                          filter_count, NULL);
  if (result < 0)
    return vtpm_error_set (error, -result, "the kernel refuses the changed device filter");
  *filter_fd = result;
  return 0;
}

/* Loads what is to replace the filters of one cgroup; replaces nothing yet.  */
static int
prepare (struct vtpm_device_grant *grant, int cgroup_fd, const struct vtpm_device_number *numbers,
         size_t count, struct vtpm_error **error)
{
  struct program_ids programs;

  if (query (cgroup_fd, 0, &programs, error) < 0)
    return -1;
  for (__u32 i = 0; i < programs.count; i++)
    {
      struct replacement *replacement = &grant->replacements[grant->count];
      int result;

      if (grant->count == PROGRAMS_MAX)
        return vtpm_error_set_plain (error, E2BIG, "too many device filters");
      result = bpf_prog_get_fd_by_id (programs.ids[i]);
      if (result < 0)
        return vtpm_error_set (error, -result, "cannot open device filter %u", programs.ids[i]);
      *replacement = (struct replacement){
        .cgroup_fd = cgroup_fd, .flags = programs.flags, .original_fd = result, .filter_fd = -1
      };
      grant->count++;
      if (load_filter (numbers, count, replacement->original_fd, &replacement->filter_fd, error)
          < 0)
        return -1;
    }
  return 0;
}

/* Puts NEW_FD in the place of OLD_FD, in one step: there is no moment without
   a filter.  Only where several are allowed has the kernel to be told which;
   otherwise the new one takes the place of the one that is there.  */
static int
exchange (const struct replacement *replacement, int old_fd, int new_fd)
{
  LIBBPF_OPTS (bpf_prog_attach_opts, options, .flags = replacement->flags);

  if (replacement->flags & BPF_F_ALLOW_MULTI)
    {
      options.flags |= BPF_F_REPLACE;
      options.replace_prog_fd = old_fd;
    }
  return bpf_prog_attach_opts (new_fd, replacement->cgroup_fd, BPF_CGROUP_DEVICE, &options);
}

/* Puts the originals of the first COUNT replacements back.  */
static void
put_back (const struct vtpm_device_grant *grant, size_t count, const char *path)
{
  while (count > 0)
    {
      const struct replacement *replacement = &grant->replacements[--count];
      int result = exchange (replacement, replacement->filter_fd, replacement->original_fd);

      if (result < 0)
        vtpm_log (VTPM_LOG_WARNING, "cgroup %s: cannot put a device filter back: %s", path,
                  strerror (-result));
    }
}

static int
replace_all (const struct vtpm_device_grant *grant, const char *path, struct vtpm_error **error)
{
  for (size_t i = 0; i < grant->count; i++)
    {
      const struct replacement *replacement = &grant->replacements[i];
      int result = exchange (replacement, replacement->original_fd, replacement->filter_fd);

      if (result == 0)
        continue;
      put_back (grant, i, path);
      /* A filter that a bpf_link holds is listed like any other, but only
         the owner of the link can replace it.  */
      return vtpm_error_set (error, -result, "cannot replace a device filter%s",
                             result == -ENOENT ? " (attached through a BPF link?)" : "");
    }
  return 0;
}

static int
open_scope (int cgroup_fd, const char *path, int *scope_fd, struct vtpm_error **error)
{
  if (!vtpm_cgroup_is_scope_child (path))
    return 0;
  *scope_fd = openat (cgroup_fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (*scope_fd < 0)
    return vtpm_error_set (error, errno, "cannot open the scope above");
  return 0;
}

/* Filters further up are not ours to change; whether they deny the device
   cannot be asked.  */
static void
warn_of_other_filters (int cgroup_fd, const char *path, size_t ours)
{
  struct program_ids programs;

  if (query (cgroup_fd, BPF_F_QUERY_EFFECTIVE, &programs, NULL) == 0 && programs.count > ours)
    vtpm_log (VTPM_LOG_WARNING,
              "cgroup %s: a cgroup above it has a device filter, too, and may deny the vTPM", path);
}

static void
free_grant (struct vtpm_device_grant *grant)
{
  if (grant == NULL)
    return;
  for (size_t i = 0; i < grant->count; i++)
    {
      vtpm_cleanup_close (&grant->replacements[i].original_fd);
      vtpm_cleanup_close (&grant->replacements[i].filter_fd);
    }
  vtpm_cleanup_close (&grant->scope_fd);
  free (grant);
}

static int
allow (int cgroup_fd, const char *path, const struct vtpm_device_number *numbers, size_t count,
       struct vtpm_device_grant **grant, struct vtpm_error **error)
{
  struct vtpm_device_grant *made = calloc (1, sizeof (*made));

  if (made == NULL)
    return vtpm_error_set (error, ENOMEM, "device filters");
  made->scope_fd = -1;
  /* What libbpf has to say is in the errors; it must not print it.  */
  libbpf_set_print (NULL);
  if (open_scope (cgroup_fd, path, &made->scope_fd, error) < 0
      || prepare (made, cgroup_fd, numbers, count, error) < 0
      || (made->scope_fd >= 0 && prepare (made, made->scope_fd, numbers, count, error) < 0)
      || replace_all (made, path, error) < 0)
    {
      free_grant (made);
      return -1;
    }
  warn_of_other_filters (cgroup_fd, path, made->count);
  *grant = made;
  return 0;
}

static void
take_back (int cgroup_fd, const char *path, struct vtpm_device_grant *grant)
{
  (void) cgroup_fd;
  put_back (grant, grant->count, path);
}

const struct vtpm_device_cgroup_ops vtpm_device_cgroup_v2 = {
  .allow = allow,
  .take_back = take_back,
  .free_grant = free_grant,
};
