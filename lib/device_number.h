/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_DEVICE_NUMBER_H
#define OCI_VTPM_DEVICE_NUMBER_H

/* The kernel's dev_t has 12 bits for the major and 20 for the minor number
   (linux/kdev_t.h).  */
#define VTPM_DEVICE_MAJOR_MAX 0xfffu
#define VTPM_DEVICE_MINOR_MAX 0xfffffu

/* Which character device.  */
struct vtpm_device_number
{
  unsigned int major;
  unsigned int minor;
};

#endif
