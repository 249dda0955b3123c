/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_SYSFS_DEVICE_H
#define OCI_VTPM_SYSFS_DEVICE_H

/* /sys/class/CLASS/NAME/dev: a device's `dev` attribute appears after the device
   can be opened.  */

#include <stdbool.h>

#include "device_number.h"
#include "error.h"

bool vtpm_sysfs_device_exists (const char *device_class, const char *name);

/* Whether a device has an attribute.  Those of its driver are there before `dev`
   is.  */
bool vtpm_sysfs_device_has (const char *device_class, const char *name, const char *attribute);

int vtpm_sysfs_device_number (const char *device_class, const char *name,
                              struct vtpm_device_number *number, struct vtpm_error **error);

#endif
