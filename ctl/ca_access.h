/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_CA_ACCESS_H
#define OCI_VTPM_CA_ACCESS_H

/*
 * vtpmctl and the authority, whose files belong to a user of its own.  Root reads the
 * configuration and becomes that user, for good: what comes from the authority's directory
 * is never handled by root.
 */

#include "ca_config.h"
#include "vtpmctl.h"

struct vtpm_ca_access
{
  struct vtpm_ca_config config;
  struct vtpm_ca *ca;
};

/* Opens what there is.  EOPNOTSUPP: certificates are signed by a command, whose authority
   has its own records.  */
int vtpm_ca_access_open (const struct vtpmctl_host *host, struct vtpm_ca_access *access,
                         struct vtpm_error **error);

/* The same before there is an authority: makes its directory.  `ca` is NULL.  */
int vtpm_ca_access_prepare (const struct vtpmctl_host *host, struct vtpm_ca_access *access,
                            struct vtpm_error **error);

void vtpm_ca_access_close (struct vtpm_ca_access *access);

#define _cleanup_ca_access_ VTPM_CLEANUP (vtpm_ca_access_close)

#endif
