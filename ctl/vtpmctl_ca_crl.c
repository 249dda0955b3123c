/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include <openssl/pem.h>
#include <stdio.h>
#include <time.h>

#include "ca_access.h"
#include "openssl_cleanup.h"
#include "vtpmctl.h"

#define DAYS_DEFAULT 7

int
vtpmctl_ca_crl (const struct vtpmctl_host *host, const struct vtpmctl_options *options,
                struct vtpm_error **error)
{
  _cleanup_ca_access_ struct vtpm_ca_access access = { 0 };
  _cleanup_crl_ X509_CRL *list = NULL;
  int days = options->days != VTPMCTL_DAYS_UNSET ? options->days : DAYS_DEFAULT;

  if (vtpm_ca_access_open (host, &access, error) < 0
      || vtpm_ca_list_revoked (access.ca, time (NULL), (unsigned int) days, &list, error) < 0)
    return -1;
  if (PEM_write_X509_CRL (stdout, list) != 1)
    return vtpm_error_set_plain (error, EIO, "cannot print the list");
  return 0;
}
