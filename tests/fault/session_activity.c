/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
/*
 * session: one salted HMAC session for all of the run, with parameters encrypted
 * both ways.  Its nonces roll with every command: one that the TPM does twice,
 * or forgets, makes the next answer's HMAC wrong, which ESYS then refuses.
 */
#include <string.h>

#include "activity.h"
#include "esys_objects.h"

#define LABEL "session"
#define NV_SLOT 4
#define NV_SIZE 64

struct session
{
  ESYS_TR session;
  ESYS_TR nv;
  struct model_number number;
};

static int
start (struct client *client, struct session *session, struct vtpm_error **error)
{
  ESYS_TR salt = ESYS_TR_NONE;

  if (esys_create_primary (client, ESYS_TR_RH_OWNER, &salt, error) < 0
      || esys_start_session (client, salt, ESYS_TR_NONE, &session->session, error) < 0)
    return -1;
  return esys_flush (client, &salt, error);
}

static int
write_number (struct client *client, struct session *session, uint64_t number,
              struct vtpm_error **error)
{
  TPM2B_MAX_NV_BUFFER data = { .size = NV_SIZE };
  TSS2_RC rc;

  model_data_make (LABEL, number, data.buffer, NV_SIZE);
  rc = Esys_NV_Write (client->esys, session->nv, session->nv, session->session, ESYS_TR_NONE,
                      ESYS_TR_NONE, &data, 0);
  return client_esys_check (client, rc, "NV_Write in a session", error);
}

static int
verify (struct client *client, void *state, struct vtpm_error **error)
{
  struct session *session = state;
  _cleanup_esys_ TPM2B_MAX_NV_BUFFER *data = NULL;
  TSS2_RC rc = Esys_NV_Read (client->esys, session->nv, session->nv, session->session, ESYS_TR_NONE,
                             ESYS_TR_NONE, NV_SIZE, 0, &data);

  if (client_esys_check (client, rc, "NV_Read in a session", error) < 0)
    return -1;
  client_judge (client, "what is written in a session",
                model_data_judge (&session->number, LABEL, data->buffer, data->size));
  return 0;
}

static int
get_random (struct client *client, struct session *session, struct vtpm_error **error)
{
  _cleanup_esys_ TPM2B_DIGEST *random = NULL;
  TSS2_RC rc
      = Esys_GetRandom (client->esys, session->session, ESYS_TR_NONE, ESYS_TR_NONE, 16, &random);

  return client_esys_check (client, rc, "GetRandom in a session", error);
}

/* The index of an earlier run is kept if the ledger knows what is in it.  */
static int
find_or_define (struct client *client, struct session *session, struct vtpm_error **error)
{
  uint32_t handle = client_nv_base (client) + NV_SLOT;
  uint64_t number;

  if (client->ledger != NULL && ledger_find (client->ledger, LABEL, &number))
    {
      session->number = (struct model_number){ .acknowledged = number, .in_flight = true };
      if (esys_find_nv (client, handle, &session->nv, error) < 0)
        return -1;
      return verify (client, session, error);
    }
  if (esys_define_nv (client, handle, TPMA_NV_AUTHREAD | TPMA_NV_AUTHWRITE | TPMA_NV_NO_DA, NV_SIZE,
                      NULL, &session->nv, error)
          < 0
      || write_number (client, session, 0, error) < 0)
    return -1;
  return client_record (client, LABEL, 0, error);
}

static int
begin (struct client *client, const struct activity *self, void **state, struct vtpm_error **error)
{
  _cleanup_free_ struct session *session = calloc (1, sizeof (*session));

  if (session == NULL)
    return vtpm_error_set (error, ENOMEM, "%s", self->name);
  if (start (client, session, error) < 0 || find_or_define (client, session, error) < 0)
    return -1;
  *state = vtpm_steal_pointer (&session);
  return 0;
}

static int
step (struct client *client, void *state, struct vtpm_error **error)
{
  struct session *session = state;

  switch (dice_roll (&client->dice, 4))
    {
    case 0:
      return verify (client, session, error);
    case 1:
      return get_random (client, session, error);
    default:
      if (write_number (client, session, model_number_begin (&session->number), error) < 0)
        return -1;
      model_number_acknowledge (&session->number);
      return client_record (client, LABEL, session->number.acknowledged, error);
    }
}

static int
restore (struct client *client, void *state, struct vtpm_error **error)
{
  struct session *session = state;

  client_mismatch (client, "session: the session is lost");
  if (start (client, session, error) < 0)
    return -1;
  return esys_find_nv (client, client_nv_base (client) + NV_SLOT, &session->nv, error);
}

static int
end (struct client *client, void *state, struct vtpm_error **error)
{
  _cleanup_free_ struct session *session = state;

  if (transport_broken (client->transport))
    return 0;
  return esys_flush (client, &session->session, error);
}

const struct activity session_activity = {
  .name = "session",
  .weight = 4, /* the TSS takes longer for a session's cryptography than the TPM */
  .begin = begin,
  .step = step,
  .verify = verify,
  .restore = restore,
  .end = end,
};
