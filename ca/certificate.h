/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_CERTIFICATE_H
#define OCI_VTPM_CERTIFICATE_H

/*
 * Certificates of endorsement keys: X.509 version 3 as the TCG EK Credential Profile for
 * TPM Family 2.0 (version 2.5, section 3) and RFC 5280 have them.
 */

#include <openssl/x509.h>
#include <time.h>

#include "certificate_request.h"
#include "error.h"

#define VTPM_SERIAL_SIZE 16 /* bytes; the first is at most 0x7f and not 0 */

/* Extended key usage of an endorsement key's certificate: tcg-kp-EKCertificate.  */
#define VTPM_EKU_EK "2.23.133.8.1"

struct vtpm_certificate_policy
{
  unsigned int validity_days; /* 0: without an end (99991231235959Z) */
  const char *subject;        /* common name: a template (binding.h); NULL: no subject */
  const char *uri;            /* in the subject's alternative names: a template, or NULL */
  const char *issuer_url;     /* authority information access, or NULL */
  const char *ocsp_url;       /* likewise */
  const char *crl_url;        /* CRL distribution point, or NULL */
};

struct vtpm_certificate_issuer
{
  X509 *certificate;
  EVP_PKEY *key;
};

/* Makes the certificate, valid from NOW on.  The caller frees *CERTIFICATE.  EINVAL: what
   is asked for makes no certificate, and the message says why; EFBIG: it would have more
   than VTPM_CERTIFICATE_MAX bytes.  */
int vtpm_certificate_make (const struct vtpm_certificate_request *request,
                           const struct vtpm_certificate_policy *policy,
                           const struct vtpm_certificate_issuer *issuer,
                           const uint8_t serial[VTPM_SERIAL_SIZE], time_t now,
                           X509 **certificate, struct vtpm_error **error);

/* Whether DER, which somebody else may have made, is a certificate for the very key in
   REQUEST, of an endorsement key, valid at NOW, and signed by ISSUER.  Each thing that it
   is not has an error of its own: EBADMSG.  */
int vtpm_certificate_check (const uint8_t *der, size_t size,
                            const struct vtpm_certificate_request *request, X509 *issuer,
                            time_t now, struct vtpm_error **error);

#endif
