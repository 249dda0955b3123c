/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
/*
 * The kernel's vTPM proxy, drivers/char/tpm/tpm_vtpm_proxy.c, documented in
 * Documentation/security/tpm/tpm_vtpm_proxy.rst.
 */
#include "driver.h"

#include <fcntl.h>
#include <linux/vtpm_proxy.h>
#include <sys/ioctl.h>

#include "driver_internal.h"
#include "kernel_module.h"
#include "sysfs_device.h"
#include "uevent.h"

#define CONTROL_DEVICE "/dev/vtpmx"
#define MODULE "tpm_vtpm_proxy"

struct vtpmx_pair
{
  struct vtpm_pair base;
  enum vtpm_tpm_version version;
  unsigned int number; /* of /dev/tpmN */
  int uevent_fd;
};

static inline struct vtpmx_pair *
from_base (struct vtpm_pair *pair)
{
  return (struct vtpmx_pair *) pair;
}

static int
explain_ioctl_failure (int errnum, struct vtpm_error **error)
{
  switch (errnum)
    {
    case EPERM:
      return vtpm_error_set_plain (error, EPERM,
                                   CONTROL_DEVICE
                                   ": making a device pair needs CAP_SYS_ADMIN in the initial user "
                                   "namespace");
    case ENOSPC:
      return vtpm_error_set_plain (error, ENOSPC,
                                   CONTROL_DEVICE ": the kernel has no TPM device number left");
    case EOPNOTSUPP:
      return vtpm_error_set_plain (error, EOPNOTSUPP,
                                   CONTROL_DEVICE ": the kernel does not know this kind of TPM");
    default:
      return vtpm_error_set (error, errnum, CONTROL_DEVICE ": cannot make a device pair");
    }
}

static void
destroy (struct vtpm_pair *base)
{
  struct vtpmx_pair *pair = from_base (base);

  vtpm_cleanup_close (&pair->uevent_fd);
  free (pair);
}

static int
create (const struct vtpm_pair_request *request, struct vtpm_pair **made,
        struct vtpm_error **error)
{
  struct vtpm_proxy_new_dev new_device
      = { .flags = request->version == VTPM_TPM_2_0 ? VTPM_PROXY_FLAG_TPM2 : 0 };
  _cleanup_close_ int control_fd = -1;
  _cleanup_pair_ struct vtpm_pair *base = NULL;
  struct vtpmx_pair *pair;

  if (vtpm_kernel_module_open (CONTROL_DEVICE, 0, MODULE, "vTPM proxy", request->load_module,
                               &control_fd, error)
      < 0)
    return -1;
  pair = malloc (sizeof (*pair));
  if (pair == NULL)
    return vtpm_error_set (error, ENOMEM, CONTROL_DEVICE);
  *pair = (struct vtpmx_pair) {
    .base = { .driver = &vtpm_driver_vtpmx, .server_fd = -1 },
    .version = request->version,
    .uevent_fd = -1,
  };
  base = &pair->base;
  /* Before the ioctl, which starts the registration: no event can be missed.  */
  if (vtpm_uevent_open (&pair->uevent_fd, error) < 0)
    return -1;
  if (ioctl (control_fd, VTPM_PROXY_IOC_NEW_DEV, &new_device) < 0)
    return explain_ioctl_failure (errno, error);
  pair->base.server_fd = (int) new_device.fd;
  pair->number = new_device.tpm_num;
  if (fcntl (pair->base.server_fd, F_SETFD, FD_CLOEXEC) < 0)
    return vtpm_error_set (error, errno, CONTROL_DEVICE);
  *made = vtpm_steal_pointer (&base);
  return 0;
}

static int
event_fd (const struct vtpm_pair *base)
{
  return ((const struct vtpmx_pair *) base)->uevent_fd;
}

static const char *
name_device (const struct vtpmx_pair *pair, const char *device_class, char name[VTPM_DEVICE_NAME_SIZE])
{
  snprintf (name, VTPM_DEVICE_NAME_SIZE, "%s%u", device_class, pair->number);
  return name;
}

/* A TPM 2.0 that answers the kernel's first question too late is registered all
   the same, as one in "field failure mode": without a resource manager, and with
   none of a TPM's attributes (Linux, tpm2_auto_startup and tpm-sysfs.c).  */
static int
check_mode (const struct vtpmx_pair *pair, struct vtpm_error **error)
{
  char name[VTPM_DEVICE_NAME_SIZE];

  name_device (pair, "tpm", name);
  if (pair->version != VTPM_TPM_2_0 || !vtpm_sysfs_device_exists ("tpm", name)
      || vtpm_sysfs_device_has ("tpm", name, "tpm_version_major"))
    return 0;
  return vtpm_error_set_plain (error, EAGAIN,
                               "the kernel takes the TPM for one in field failure mode: its "
                               "questions were answered too late");
}

/* The kernel registers tpmN first and tpmrmN last.  */
static int
is_usable (struct vtpm_pair *base, bool *usable, struct vtpm_error **error)
{
  const struct vtpmx_pair *pair = from_base (base);
  const char *last = pair->version == VTPM_TPM_2_0 ? "tpmrm" : "tpm";
  char name[VTPM_DEVICE_NAME_SIZE];

  if (vtpm_uevent_drain (pair->uevent_fd, error) < 0)
    return -1;
  *usable = vtpm_sysfs_device_exists (last, name_device (pair, last, name));
  return *usable ? 0 : check_mode (pair, error);
}

static int
get_client_side (struct vtpm_pair *base, struct vtpm_client_side *side, struct vtpm_error **error)
{
  const struct vtpmx_pair *pair = from_base (base);
  char name[VTPM_DEVICE_NAME_SIZE];

  *side = (struct vtpm_client_side) { .mount_fd = -1 };
  name_device (pair, "tpm", side->host_device);
  if (vtpm_sysfs_device_number ("tpm", side->host_device, &side->tpm, error) < 0)
    return -1;
  if (pair->version != VTPM_TPM_2_0)
    return 0;
  side->has_resource_manager = true;
  return vtpm_sysfs_device_number ("tpmrm", name_device (pair, "tpmrm", name), &side->tpmrm,
                                   error);
}

const struct vtpm_driver vtpm_driver_vtpmx = {
  .name = "vtpmx",
  .create = create,
  .event_fd = event_fd,
  .is_usable = is_usable,
  .get_client_side = get_client_side,
  .destroy = destroy,
};
