/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "sysfs_device.h"

#include <limits.h>

static void
format_path (const char *device_class, const char *name, const char *attribute, char *path)
{
  snprintf (path, PATH_MAX, "/sys/class/%s/%s/%s", device_class, name, attribute);
}

bool
vtpm_sysfs_device_has (const char *device_class, const char *name, const char *attribute)
{
  char path[PATH_MAX];

  format_path (device_class, name, attribute, path);
  return access (path, F_OK) == 0;
}

bool
vtpm_sysfs_device_exists (const char *device_class, const char *name)
{
  return vtpm_sysfs_device_has (device_class, name, "dev");
}

int
vtpm_sysfs_device_number (const char *device_class, const char *name,
                          struct vtpm_device_number *number, struct vtpm_error **error)
{
  _cleanup_fclose_ FILE *file = NULL;
  char path[PATH_MAX];

  format_path (device_class, name, "dev", path);
  file = fopen (path, "re");
  if (file == NULL)
    return vtpm_error_set (error, errno, "cannot open %s", path);
  if (fscanf (file, "%u:%u", &number->major, &number->minor) != 2)
    return vtpm_error_set_plain (error, EIO, "%s does not hold a device number", path);
  return 0;
}
