/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
/*
 * key: one signing key, loaded for all of the run, that signs by an HMAC session
 * bound to it.
 */
#include <string.h>

#include "activity.h"
#include "ecdsa.h"
#include "esys_objects.h"

struct key
{
  ESYS_TR key;
  ESYS_TR session;
  uint64_t signatures;
  TPM2B_NAME name;
  EVP_PKEY *public;
};

static int
read_name (struct client *client, ESYS_TR key, TPM2B_NAME *name, struct vtpm_error **error)
{
  _cleanup_esys_ TPM2B_NAME *read = NULL;
  TSS2_RC rc = Esys_ReadPublic (client->esys, key, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, NULL,
                                &read, NULL);

  if (client_esys_check (client, rc, "ReadPublic", error) < 0)
    return -1;
  *name = *read;
  return 0;
}

static int
load (struct client *client, struct key *key, struct vtpm_error **error)
{
  _cleanup_esys_ TPM2B_PUBLIC *public = NULL;

  if (esys_create_signing_key (client, &key->key, &public, error) < 0
      || ecdsa_import (public, &key->public, error) < 0
      || esys_start_session (client, ESYS_TR_NONE, key->key, &key->session, error) < 0)
    return -1;
  return read_name (client, key->key, &key->name, error);
}

static int
begin (struct client *client, const struct activity *self, void **state, struct vtpm_error **error)
{
  _cleanup_free_ struct key *key = calloc (1, sizeof (*key));

  if (key == NULL)
    return vtpm_error_set (error, ENOMEM, "%s", self->name);
  if (load (client, key, error) < 0)
    return -1;
  *state = vtpm_steal_pointer (&key);
  return 0;
}

static int
step (struct client *client, void *state, struct vtpm_error **error)
{
  const TPMT_SIG_SCHEME scheme = { .scheme = TPM2_ALG_NULL };
  const TPMT_TK_HASHCHECK ticket = { .tag = TPM2_ST_HASHCHECK, .hierarchy = TPM2_RH_NULL };
  struct key *key = state;
  TPM2B_DIGEST digest = { .size = MODEL_DIGEST_SIZE };
  _cleanup_esys_ TPMT_SIGNATURE *signature = NULL;
  TSS2_RC rc;

  model_digest ("key", key->signatures, digest.buffer);
  rc = Esys_Sign (client->esys, key->key, key->session, ESYS_TR_NONE, ESYS_TR_NONE, &digest,
                  &scheme, &ticket, &signature);
  if (client_esys_check (client, rc, "Sign", error) < 0)
    return -1;
  key->signatures++;
  if (!ecdsa_verify (key->public, digest.buffer, signature))
    client_mismatch (client, "key: a wrong signature");
  return 0;
}

static int
verify (struct client *client, void *state, struct vtpm_error **error)
{
  const struct key *key = state;
  TPM2B_NAME name;

  if (read_name (client, key->key, &name, error) < 0)
    return -1;
  if (name.size != key->name.size || memcmp (name.name, key->name.name, name.size) != 0)
    client_mismatch (client, "key: another key is loaded in its place");
  return 0;
}

static int
restore (struct client *client, void *state, struct vtpm_error **error)
{
  struct key *key = state;

  client_mismatch (client, "key: the loaded key is lost");
  client_mismatch (client, "key: the session is lost");
  EVP_PKEY_free (vtpm_steal_pointer (&key->public));
  return load (client, key, error);
}

static int
end (struct client *client, void *state, struct vtpm_error **error)
{
  _cleanup_free_ struct key *key = state;

  EVP_PKEY_free (key->public);
  if (transport_broken (client->transport))
    return 0;
  return esys_flush (client, &key->session, error) < 0 || esys_flush (client, &key->key, error) < 0
             ? -1
             : 0;
}

const struct activity key_activity = {
  .name = "key",
  .weight = 3,
  .begin = begin,
  .step = step,
  .verify = verify,
  .restore = restore,
  .end = end,
};
