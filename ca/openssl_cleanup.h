/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_OPENSSL_CLEANUP_H
#define OCI_VTPM_OPENSSL_CLEANUP_H

#include <openssl/x509.h>

#include "cleanup.h"

static inline void
vtpm_cleanup_x509 (X509 **certificate)
{
  X509_free (*certificate);
}

static inline void
vtpm_cleanup_pkey (EVP_PKEY **key)
{
  EVP_PKEY_free (*key);
}

static inline void
vtpm_cleanup_crl (X509_CRL **list)
{
  X509_CRL_free (*list);
}

static inline void
vtpm_cleanup_bignum (BIGNUM **number)
{
  BN_free (*number);
}

static inline void
vtpm_cleanup_bio (BIO **bio)
{
  BIO_free (*bio);
}

#define _cleanup_bio_ VTPM_CLEANUP (vtpm_cleanup_bio)
#define _cleanup_x509_ VTPM_CLEANUP (vtpm_cleanup_x509)
#define _cleanup_pkey_ VTPM_CLEANUP (vtpm_cleanup_pkey)
#define _cleanup_crl_ VTPM_CLEANUP (vtpm_cleanup_crl)
#define _cleanup_bignum_ VTPM_CLEANUP (vtpm_cleanup_bignum)

#endif
