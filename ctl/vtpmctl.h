/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_VTPMCTL_H
#define OCI_VTPM_VTPMCTL_H

/* The subcommands of vtpmctl(1), one file each.  */

#include <stdbool.h>

#include "error.h"

struct vtpmctl_options
{
  bool json;
  const char *id; /* NULL for subcommands that take none */
};

int vtpmctl_list (const struct vtpmctl_options *options, struct vtpm_error **error);
int vtpmctl_inspect (const struct vtpmctl_options *options, struct vtpm_error **error);
int vtpmctl_stop (const struct vtpmctl_options *options, struct vtpm_error **error);

#endif
