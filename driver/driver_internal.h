/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_DRIVER_INTERNAL_H
#define OCI_VTPM_DRIVER_INTERNAL_H

/* The drivers of this build; driver.c has their order.  */

#include "driver.h"

extern const struct vtpm_driver vtpm_driver_vtpmx;
#ifdef VTPM_HAVE_FUSE
extern const struct vtpm_driver vtpm_driver_cuse;
extern const struct vtpm_driver vtpm_driver_fuse;
#endif

#endif
