/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "libcrypto.h"

#include <openssl/crypto.h>

int
vtpm_libcrypto_prepare (struct vtpm_error **error)
{
  if (OPENSSL_init_crypto (OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS, NULL)
      != 1)
    return vtpm_error_set_plain (error, ENOTSUP, "cannot initialise libcrypto");
  return 0;
}
