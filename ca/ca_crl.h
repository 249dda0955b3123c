/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_CA_CRL_H
#define OCI_VTPM_CA_CRL_H

/* Certificate revocation lists (RFC 5280, section 5).  */

#include "ca_index.h"

/* The list of all that is revoked in INDEX, number NUMBER, by ISSUER, from NOW on for DAYS.
   The caller frees *LIST.  */
int vtpm_ca_crl_make (const struct vtpm_ca_index *index, uint64_t number,
                      const struct vtpm_certificate_issuer *issuer, time_t now, unsigned int days,
                      X509_CRL **list, struct vtpm_error **error);

#endif
