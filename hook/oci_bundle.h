/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_OCI_BUNDLE_H
#define OCI_VTPM_OCI_BUNDLE_H

/* What the hook needs of a bundle's config.json: OCI runtime specification
   1.0, config.md.  */

#include "error.h"

/* The container's root file system, `root.path`, as an absolute path on the
   host.  The caller frees *ROOTFS.  */
int vtpm_oci_bundle_rootfs (const char *bundle, char **rootfs, struct vtpm_error **error);

#endif
