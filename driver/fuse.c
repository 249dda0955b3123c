/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
/*
 * A FUSE file system whose root is the file, to be mounted over a file in the
 * container. It behaves like the device, but is none: it needs no number, no
 * device cgroup and no kernel driver, and programs that insist on a character
 * device do not take it.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "driver_internal.h"
#include "kernel_module.h"

#define CONTROL_DEVICE "/dev/fuse"
#define MODULE "fuse"

struct fuse_pair
{
  struct vtpm_pair base;
  int mount_fd;
};

static inline struct fuse_pair *
from_base (struct vtpm_pair *pair)
{
  return (struct fuse_pair *) pair;
}

static void
destroy (struct vtpm_pair *base)
{
  struct fuse_pair *pair = from_base (base);

  vtpm_cleanup_close (&pair->mount_fd);
  free (pair);
}

/* allow_other: the clients are not of the supervisor's user. default_permissions:
   the kernel checks who may open, by the file's owner and mode.  */
static int
configure (int context_fd, int device_fd, struct vtpm_error **error)
{
  char descriptor[16], root_mode[16];
  const struct
  {
    unsigned int command;
    const char *key, *value;
  } settings[] = {
    { FSCONFIG_SET_STRING, "source", "oci-vtpm" },
    { FSCONFIG_SET_STRING, "subtype", "oci-vtpm" },
    { FSCONFIG_SET_STRING, "fd", descriptor },
    { FSCONFIG_SET_STRING, "rootmode", root_mode },
    { FSCONFIG_SET_STRING, "user_id", "0" },
    { FSCONFIG_SET_STRING, "group_id", "0" },
    { FSCONFIG_SET_FLAG, "allow_other", NULL },
    { FSCONFIG_SET_FLAG, "default_permissions", NULL },
    { FSCONFIG_CMD_CREATE, NULL, NULL },
  };

  snprintf (descriptor, sizeof (descriptor), "%d", device_fd);
  snprintf (root_mode, sizeof (root_mode), "%o", (unsigned int) S_IFREG);
  for (size_t i = 0; i < sizeof (settings) / sizeof (settings[0]); i++)
    if (fsconfig (context_fd, settings[i].command, settings[i].key, settings[i].value, 0) < 0)
      return vtpm_error_set (error, errno, "cannot make a FUSE file system (%s)",
                             settings[i].key != NULL ? settings[i].key : "create");
  return 0;
}

static int
make_mount (int device_fd, int *mount_fd, struct vtpm_error **error)
{
  _cleanup_close_ int context_fd = fsopen ("fuse", FSOPEN_CLOEXEC);

  if (context_fd < 0)
    return vtpm_error_set (error, errno, "cannot make a FUSE file system");
  if (configure (context_fd, device_fd, error) < 0)
    return -1;
  *mount_fd = fsmount (context_fd, FSMOUNT_CLOEXEC,
                       MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
  return *mount_fd >= 0 ? 0 : vtpm_error_set (error, errno, "cannot mount a FUSE file system");
}

static int
create (const struct vtpm_pair_request *request, struct vtpm_pair **made,
        struct vtpm_error **error)
{
  _cleanup_pair_ struct vtpm_pair *base = NULL;
  struct fuse_pair *pair = calloc (1, sizeof (*pair));

  if (pair == NULL)
    return vtpm_error_set (error, ENOMEM, CONTROL_DEVICE);
  *pair = (struct fuse_pair) {
    .base = { .driver = &vtpm_driver_fuse, .server_fd = -1 },
    .mount_fd = -1,
  };
  base = &pair->base;
  if (vtpm_kernel_module_open (CONTROL_DEVICE, O_NONBLOCK, MODULE, "FUSE", request->load_module,
                               &base->server_fd, error)
          < 0
      || make_mount (base->server_fd, &pair->mount_fd, error) < 0)
    return -1;
  *made = vtpm_steal_pointer (&base);
  return 0;
}

static int
event_fd (const struct vtpm_pair *base)
{
  (void) base;
  return -1;
}

/* The kernel keeps what clients ask until the supervisor is there.  */
static int
is_usable (struct vtpm_pair *base, bool *usable, struct vtpm_error **error)
{
  (void) base;
  (void) error;
  *usable = true;
  return 0;
}

static int
get_client_side (struct vtpm_pair *base, struct vtpm_client_side *side, struct vtpm_error **error)
{
  (void) error;
  *side = (struct vtpm_client_side) { .mount_fd = from_base (base)->mount_fd };
  return 0;
}

const struct vtpm_driver vtpm_driver_fuse = {
  .name = "fuse",
  .create = create,
  .event_fd = event_fd,
  .is_usable = is_usable,
  .get_client_side = get_client_side,
  .destroy = destroy,
};
