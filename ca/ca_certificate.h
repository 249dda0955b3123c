/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_CA_CERTIFICATE_H
#define OCI_VTPM_CA_CERTIFICATE_H

#include "certificate.h"

/* The certificate of an authority, for KEY, with the common name NAME.  By ISSUER, for ten
   years, and for certificates of TPMs only; without one (NULL) a root's, without an end.
   The caller frees *CERTIFICATE.  */
int vtpm_ca_certificate_make (EVP_PKEY *key, const char *name,
                              const struct vtpm_certificate_issuer *issuer, time_t now,
                              X509 **certificate, struct vtpm_error **error);

#endif
