/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_CGROUP_PATHS_H
#define OCI_VTPM_CGROUP_PATHS_H

/*
 * Finds a process's cgroup in what the kernel writes about it: pure
 * computation on the text of /proc/self/mountinfo (proc(5)) and of
 * /proc/PID/cgroup (cgroups(7)).
 *
 * Both files show paths as seen from the cgroup namespace of the reader, so
 * that a mount's root and a process's path can be compared.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "error.h"

enum vtpm_cgroup_version
{
  VTPM_CGROUP_V1,
  VTPM_CGROUP_V2,
};

/* Where the devices of a process are controlled.  */
struct vtpm_cgroup_location
{
  enum vtpm_cgroup_version version;
  char *path;   /* of the cgroup's directory, in the reader's mount namespace */
  dev_t device; /* of the file system there: another one has been mounted over
                   it if it is not what stat(2) says of PATH */
};

/* Fills LOCATION: the cgroup in the v1 hierarchy that has the `devices`
   controller if there is one (also in a hybrid setup), else in v2.  A cgroup
   that no mount shows is an error with errno value ENOENT, one outside the
   reader's cgroup namespace EXDEV.  */
int vtpm_cgroup_locate (const char *mountinfo, const char *cgroup,
                        struct vtpm_cgroup_location *location, struct vtpm_error **error);

/* Whether the cgroup PATH and the one above it were both made for one
   container.  crun under systemd puts the container into "container" (or what
   the annotation run.oci.systemd.subgroup says) below the scope, and since
   1.23 its filter (BPFProgram=) on the scope.  */
bool vtpm_cgroup_is_scope_child (const char *path);

void vtpm_cgroup_location_clear (struct vtpm_cgroup_location *location);

#define _cleanup_cgroup_location_ VTPM_CLEANUP (vtpm_cgroup_location_clear)

#endif
