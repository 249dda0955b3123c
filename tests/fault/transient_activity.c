/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
/*
 * transient: a primary key that is made, saved, flushed, loaded again and
 * flushed.  In the null hierarchy, whose seed is new whenever a TPM is: the name
 * is the same each time as long as nobody restarted it.
 */
#include <string.h>

#include "activity.h"
#include "esys_objects.h"

struct transient
{
  ESYS_TR object;
  TPM2B_NAME name; /* of size 0 before the first */
};

static int
begin (struct client *client, const struct activity *self, void **state, struct vtpm_error **error)
{
  struct transient *transient = calloc (1, sizeof (*transient));

  (void) client;
  if (transient == NULL)
    return vtpm_error_set (error, ENOMEM, "%s", self->name);
  transient->object = ESYS_TR_NONE;
  *state = transient;
  return 0;
}

static int
save_and_load (struct client *client, struct transient *transient, struct vtpm_error **error)
{
  _cleanup_esys_ TPMS_CONTEXT *saved = NULL;
  TSS2_RC rc = Esys_ContextSave (client->esys, transient->object, &saved);

  if (client_esys_check (client, rc, "ContextSave", error) < 0
      || esys_flush (client, &transient->object, error) < 0)
    return -1;
  rc = Esys_ContextLoad (client->esys, saved, &transient->object);
  return client_esys_check (client, rc, "ContextLoad", error);
}

static int
check_name (struct client *client, struct transient *transient, struct vtpm_error **error)
{
  _cleanup_esys_ TPM2B_NAME *name = NULL;
  TSS2_RC rc = Esys_ReadPublic (client->esys, transient->object, ESYS_TR_NONE, ESYS_TR_NONE,
                                ESYS_TR_NONE, NULL, &name, NULL);

  if (client_esys_check (client, rc, "ReadPublic", error) < 0)
    return -1;
  if (transient->name.size != 0
      && (name->size != transient->name.size
          || memcmp (name->name, transient->name.name, name->size) != 0))
    client_mismatch (client, "transient: the null hierarchy has another seed");
  transient->name = *name;
  return 0;
}

static int
step (struct client *client, void *state, struct vtpm_error **error)
{
  struct transient *transient = state;

  if (esys_create_primary (client, ESYS_TR_RH_NULL, &transient->object, error) < 0
      || save_and_load (client, transient, error) < 0 || check_name (client, transient, error) < 0)
    return -1;
  return esys_flush (client, &transient->object, error);
}

static int
restore (struct client *client, void *state, struct vtpm_error **error)
{
  struct transient *transient = state;

  (void) error;
  if (transient->object != ESYS_TR_NONE)
    client_mismatch (client, "transient: the object is lost");
  transient->object = ESYS_TR_NONE;
  return 0;
}

static int
end (struct client *client, void *state, struct vtpm_error **error)
{
  _cleanup_free_ struct transient *transient = state;

  if (transport_broken (client->transport))
    return 0;
  return esys_flush (client, &transient->object, error);
}

const struct activity transient_activity = {
  .name = "transient",
  .weight = 1,
  .begin = begin,
  .step = step,
  .restore = restore,
  .end = end,
};
