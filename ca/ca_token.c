/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */

/* OpenSSL has deprecated engines; its provider for PKCS #11 is not in Debian 12.  */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "ca_token.h"

#include <openssl/engine.h>
#include <openssl/ui.h>

int
vtpm_ca_token_key_find (const char *uri, EVP_PKEY **key, struct vtpm_error **error)
{
  ENGINE *engine = ENGINE_by_id ("pkcs11");

  if (engine == NULL || ENGINE_init (engine) != 1)
    {
      ENGINE_free (engine);
      return vtpm_error_set_plain (error, ENODEV,
                                   "OpenSSL's engine pkcs11 cannot be used (Debian: "
                                   "libengine-pkcs11-openssl)");
    }
  *key = ENGINE_load_private_key (engine, uri, (UI_METHOD *) UI_null (), NULL);
  /* The key's operations need the engine as long as there is the key.  */
  ENGINE_free (engine);
  return *key != NULL ? 0
                      : vtpm_error_set_plain (error, ENOENT,
                                              "the PKCS #11 token, or its key, is not there, or the "
                                              "PIN is wrong");
}
