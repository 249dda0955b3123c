/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include <stdio.h>
#include <time.h>

#include "ca_access.h"
#include "vtpmctl.h"
#include "x509_text.h"

int
vtpmctl_ca_renew (const struct vtpmctl_host *host, const struct vtpmctl_options *options,
                  struct vtpm_error **error)
{
  _cleanup_ca_access_ struct vtpm_ca_access access = { 0 };
  char end[VTPM_X509_TIME_SIZE];

  (void) options;
  if (vtpm_ca_access_open (host, &access, error) < 0
      || vtpm_ca_renew (access.ca, time (NULL), error) < 0)
    return -1;
  printf ("the issuer's certificate is valid until %s\n",
          vtpm_x509_time (X509_get0_notAfter (vtpm_ca_issuer (access.ca)), end));
  return 0;
}
