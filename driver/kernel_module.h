/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_KERNEL_MODULE_H
#define OCI_VTPM_KERNEL_MODULE_H

#include <stdbool.h>

#include "error.h"

/* The device through which a part of the kernel is reached that may be a module:
   PATH is opened for reading and writing, with FLAGS besides.  When nothing is
   there and MAY_LOAD, MODULE is loaded by modprobe(8) first.  WHAT names the
   part in messages: "vTPM proxy".  */
int vtpm_kernel_module_open (const char *path, int flags, const char *module, const char *what,
                             bool may_load, int *fd, struct vtpm_error **error);

#endif
