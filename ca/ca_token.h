/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_CA_TOKEN_H
#define OCI_VTPM_CA_TOKEN_H

#include <openssl/evp.h>

#include "error.h"

/* A PKCS #11 URI (RFC 7512).  */
#define VTPM_CA_PKCS11_PREFIX "pkcs11:"

/* The private key that URI names, by OpenSSL's engine "pkcs11", which has to be installed.  The
   key stays in its token, which is open until the process ends.  A PIN is in the URI, or in
   the file that it names; nobody is asked for one.  Messages do not have the URI.  ENODEV:
   there is no engine; ENOENT.  */
int vtpm_ca_token_key_find (const char *uri, EVP_PKEY **key, struct vtpm_error **error);

#endif
