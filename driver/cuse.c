/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
/*
 * A character device in user space (CUSE, fs/fuse/cuse.c). The kernel makes it
 * once the supervisor has said what it is called, and announces it as any other;
 * on the host only root can open it.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/random.h>

#include "driver_internal.h"
#include "kernel_module.h"
#include "sysfs_device.h"
#include "uevent.h"

#define CONTROL_DEVICE "/dev/cuse"
#define MODULE "cuse"
#define DEVICE_CLASS "cuse"

struct cuse_pair
{
  struct vtpm_pair base;
  int uevent_fd;
};

static inline struct cuse_pair *
from_base (struct vtpm_pair *pair)
{
  return (struct cuse_pair *) pair;
}

static void
destroy (struct vtpm_pair *base)
{
  struct cuse_pair *pair = from_base (base);

  vtpm_cleanup_close (&pair->uevent_fd);
  free (pair);
}

/* The kernel refuses a name that another device has, and one of a container that
   just ends may.  */
static int
choose_name (char name[VTPM_DEVICE_NAME_SIZE], struct vtpm_error **error)
{
  uint64_t random;

  if (getrandom (&random, sizeof (random), 0) != (ssize_t) sizeof (random))
    return vtpm_error_set (error, errno, "cannot choose a device name");
  snprintf (name, VTPM_DEVICE_NAME_SIZE, "vtpm-%016jx", (uintmax_t) random);
  return 0;
}

static int
create (const struct vtpm_pair_request *request, struct vtpm_pair **made,
        struct vtpm_error **error)
{
  _cleanup_pair_ struct vtpm_pair *base = NULL;
  struct cuse_pair *pair = calloc (1, sizeof (*pair));

  if (pair == NULL)
    return vtpm_error_set (error, ENOMEM, CONTROL_DEVICE);
  *pair = (struct cuse_pair) {
    .base = { .driver = &vtpm_driver_cuse, .server_fd = -1 },
    .uevent_fd = -1,
  };
  base = &pair->base;
  if (vtpm_kernel_module_open (CONTROL_DEVICE, O_NONBLOCK, MODULE, "CUSE", request->load_module,
                               &base->server_fd, error)
          < 0
      || vtpm_uevent_open (&pair->uevent_fd, error) < 0
      || choose_name (base->device_name, error) < 0)
    return -1;
  *made = vtpm_steal_pointer (&base);
  return 0;
}

static int
event_fd (const struct vtpm_pair *base)
{
  return ((const struct cuse_pair *) base)->uevent_fd;
}

static int
is_usable (struct vtpm_pair *base, bool *usable, struct vtpm_error **error)
{
  if (vtpm_uevent_drain (from_base (base)->uevent_fd, error) < 0)
    return -1;
  *usable = vtpm_sysfs_device_exists (DEVICE_CLASS, base->device_name);
  return 0;
}

static int
get_client_side (struct vtpm_pair *base, struct vtpm_client_side *side, struct vtpm_error **error)
{
  *side = (struct vtpm_client_side) { .mount_fd = -1 };
  snprintf (side->host_device, sizeof (side->host_device), "%s", base->device_name);
  return vtpm_sysfs_device_number (DEVICE_CLASS, base->device_name, &side->tpm, error);
}

const struct vtpm_driver vtpm_driver_cuse = {
  .name = "cuse",
  .create = create,
  .event_fd = event_fd,
  .is_usable = is_usable,
  .get_client_side = get_client_side,
  .destroy = destroy,
};
