/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "instance_setup.h"

#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "existing_vtpm.h"
#include "host_key_access.h"
#include "instance_lock.h"
#include "names.h"

#define HOLDER_CONTAINER "container "

int
vtpm_instance_fetch_keys (const struct vtpm_host_config *config, int *keys_fd, int *hold_fd,
                          struct vtpm_error **error)
{
  _cleanup_host_keys_ struct vtpm_host_keys keys = { 0 };

  if (vtpm_host_key_access (config, &keys, hold_fd, error) < 0)
    return -1;
  return vtpm_host_keys_to_fd (&keys, keys_fd, error);
}

/* Whether HOLDER is a container whose vTPM has ended, perhaps after having been
   waited for.  */
static int
await_holder (const char *holder, const char *run_dir, vtpm_deadline deadline, bool *ended,
              struct vtpm_error **error)
{
  const char *container = holder + strlen (HOLDER_CONTAINER);

  *ended = false;
  if (strncmp (holder, HOLDER_CONTAINER, strlen (HOLDER_CONTAINER)) != 0
      || vtpm_name_check_container_id (container, NULL) < 0)
    return 0;
  return vtpm_existing_await_end (run_dir, container, deadline, ended, error);
}

int
vtpm_instance_await (const char *state_dir, const struct vtpm_instance_id *id,
                     const char *run_dir, vtpm_deadline deadline, struct vtpm_error **error)
{
  char holder[VTPM_INSTANCE_HOLDER_SIZE];
  bool ended;

  if (vtpm_instance_lock_holder (state_dir, id, holder, error) < 0)
    return -1;
  if (holder[0] == '\0')
    return 0;
  if (await_holder (holder, run_dir, deadline, &ended, error) < 0)
    return vtpm_error_wrap (error, "instance %s/%s is in use by %s", id->scope, id->name, holder);
  if (ended && vtpm_instance_lock_holder (state_dir, id, holder, error) < 0)
    return -1;
  return holder[0] == '\0' ? 0 : vtpm_instance_lock_in_use (id, holder, error);
}

/* A look only, which a link may lead astray: the supervisor follows none, and knows for
   sure.  */
int
vtpm_instance_has_state (const char *state_dir, const struct vtpm_instance_id *id, bool *has,
                         struct vtpm_error **error)
{
  char path[PATH_MAX];
  struct stat status;

  snprintf (path, sizeof (path), "%s/instances/%s/%s/state", state_dir, id->scope, id->name);
  *has = lstat (path, &status) == 0;
  if (!*has && errno != ENOENT)
    return vtpm_error_set (error, errno, "cannot look for %s", path);
  return 0;
}
