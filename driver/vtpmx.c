/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
/*
 * The kernel's vTPM proxy, drivers/char/tpm/tpm_vtpm_proxy.c, documented in
 * Documentation/security/tpm/tpm_vtpm_proxy.rst.
 */
#include "driver.h"

#include <fcntl.h>
#include <linux/vtpm_proxy.h>
#include <spawn.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "uevent.h"

#define CONTROL_DEVICE "/dev/vtpmx"
#define MODULE "tpm_vtpm_proxy"
#define MODPROBE "/sbin/modprobe"

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

/* Loads the module.  Its failure shows when the device is opened again, which
   gives the better message.  */
static void
load_module (void)
{
  char *const arguments[] = { (char *) "modprobe", (char *) "-q", (char *) MODULE, NULL };
  char *const environment[] = { (char *) "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
  sigset_t all_signals_unblocked;
  posix_spawnattr_t attributes;
  pid_t pid;
  int status;

  /* crun runs hooks with nearly every signal blocked.  */
  sigemptyset (&all_signals_unblocked);
  posix_spawnattr_init (&attributes);
  posix_spawnattr_setsigmask (&attributes, &all_signals_unblocked);
  posix_spawnattr_setflags (&attributes, POSIX_SPAWN_SETSIGMASK);
  if (posix_spawn (&pid, MODPROBE, NULL, &attributes, arguments, environment) == 0)
    while (waitpid (pid, &status, 0) < 0 && errno == EINTR)
      continue;
  posix_spawnattr_destroy (&attributes);
}

static int
explain_open_failure (int errnum, bool tried_to_load, struct vtpm_error **error)
{
  switch (errnum)
    {
    case ENOENT:
    case ENXIO:
    case ENODEV:
      return vtpm_error_set_plain (error, ENODEV,
                                   "this kernel has no vTPM proxy: no " CONTROL_DEVICE
                                   " and the module " MODULE " %s",
                                   tried_to_load ? "cannot be loaded" : "is not loaded");
    default:
      return vtpm_error_set (error, errnum, "cannot open " CONTROL_DEVICE);
    }
}

static int
open_control_device (bool may_load_module, int *fd, struct vtpm_error **error)
{
  *fd = open (CONTROL_DEVICE, O_RDWR | O_CLOEXEC);
  if (*fd < 0 && (errno == ENOENT || errno == ENXIO || errno == ENODEV) && may_load_module)
    {
      load_module ();
      *fd = open (CONTROL_DEVICE, O_RDWR | O_CLOEXEC);
    }
  return *fd < 0 ? explain_open_failure (errno, may_load_module, error) : 0;
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

  if (open_control_device (request->load_module, &control_fd, error) < 0)
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

static void
sysfs_path (const struct vtpmx_pair *pair, const char *device_class, char *path, size_t size)
{
  snprintf (path, size, "/sys/class/%s/%s%u/dev", device_class, device_class, pair->number);
}

/* The kernel registers tpmN first and tpmrmN last, and each device's `dev`
   attribute appears after the device can be opened.  */
static int
is_usable (struct vtpm_pair *base, bool *usable, struct vtpm_error **error)
{
  const struct vtpmx_pair *pair = from_base (base);
  char path[64];

  if (vtpm_uevent_drain (pair->uevent_fd, error) < 0)
    return -1;
  sysfs_path (pair, pair->version == VTPM_TPM_2_0 ? "tpmrm" : "tpm", path, sizeof (path));
  *usable = access (path, F_OK) == 0;
  return 0;
}

static int
read_device_number (const struct vtpmx_pair *pair, const char *device_class, unsigned int *major,
                    unsigned int *minor, struct vtpm_error **error)
{
  _cleanup_fclose_ FILE *file = NULL;
  char path[64];

  sysfs_path (pair, device_class, path, sizeof (path));
  file = fopen (path, "re");
  if (file == NULL)
    return vtpm_error_set (error, errno, "cannot open %s", path);
  if (fscanf (file, "%u:%u", major, minor) != 2)
    return vtpm_error_set_plain (error, EIO, "%s does not hold a device number", path);
  return 0;
}

static int
get_nodes (struct vtpm_pair *base, struct vtpm_pair_nodes *nodes, struct vtpm_error **error)
{
  const struct vtpmx_pair *pair = from_base (base);

  *nodes = (struct vtpm_pair_nodes) {
    .host_number = pair->number,
    .has_resource_manager = pair->version == VTPM_TPM_2_0,
  };
  if (read_device_number (pair, "tpm", &nodes->tpm_major, &nodes->tpm_minor, error) < 0)
    return -1;
  if (!nodes->has_resource_manager)
    return 0;
  return read_device_number (pair, "tpmrm", &nodes->tpmrm_major, &nodes->tpmrm_minor, error);
}

const struct vtpm_driver vtpm_driver_vtpmx = {
  .name = "vtpmx",
  .create = create,
  .event_fd = event_fd,
  .is_usable = is_usable,
  .get_nodes = get_nodes,
  .destroy = destroy,
};
