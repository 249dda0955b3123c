/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include <stdio.h>
#include <time.h>

#include "ca_access.h"
#include "names.h"
#include "vtpmctl.h"

int
vtpmctl_ca_revoke (const struct vtpmctl_host *host, const struct vtpmctl_options *options,
                   struct vtpm_error **error)
{
  _cleanup_ca_access_ struct vtpm_ca_access access = { 0 };
  size_t count;

  if (vtpm_ca_access_open (host, &access, error) < 0
      || vtpm_ca_revoke (access.ca, options->arguments[0], time (NULL), &count, error) < 0)
    return -1;
  if (count == 0)
    puts ("already revoked");
  else
    printf ("%zu revoked; vtpmctl ca crl prints the list that says so\n", count);
  return 0;
}
