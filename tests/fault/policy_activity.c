/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
/*
 * policy: a policy session for each write of an NV index that takes writes no
 * other way.  The session's digest is computed here as well (Library
 * Specification, part 3, PolicyPCR and PolicyCommandCode).
 */
#include <string.h>

#include "activity.h"
#include "bytes.h"
#include "esys_objects.h"

#define LABEL "policy"
#define NV_SLOT 5
#define NV_SIZE 32

/* The PCR for debugging, which nothing here extends.  */
#define POLICY_PCR 16

static const TPML_PCR_SELECTION selection = {
  .count = 1,
  .pcrSelections = { {
      .hash = TPM2_ALG_SHA256,
      .sizeofSelect = 3,
      .pcrSelect = { [POLICY_PCR / 8] = 1u << (POLICY_PCR % 8) },
  } },
};

struct policy
{
  ESYS_TR session; /* of a step that was not completed */
  ESYS_TR nv;
  struct model_number number;
  uint8_t digest[MODEL_DIGEST_SIZE];
};

static void
put_selection (struct bytes *bytes)
{
  bytes_put_number (bytes, selection.count, 4);
  bytes_put_number (bytes, selection.pcrSelections[0].hash, 2);
  bytes_put_number (bytes, selection.pcrSelections[0].sizeofSelect, 1);
  bytes_put (bytes, selection.pcrSelections[0].pcrSelect, 3);
}

static void
compute_digest (uint8_t digest[MODEL_DIGEST_SIZE])
{
  static const uint8_t zeros[MODEL_DIGEST_SIZE];
  struct bytes bytes = { .size = 0 };
  uint8_t pcrs[MODEL_DIGEST_SIZE];

  model_hash (zeros, sizeof (zeros), NULL, 0, pcrs);
  bytes_put_number (&bytes, TPM2_CC_PolicyPCR, 4);
  put_selection (&bytes);
  bytes_put (&bytes, pcrs, sizeof (pcrs));
  model_hash (zeros, sizeof (zeros), bytes.data, bytes.size, digest);

  bytes.size = 0;
  bytes_put_number (&bytes, TPM2_CC_PolicyCommandCode, 4);
  bytes_put_number (&bytes, TPM2_CC_NV_Write, 4);
  model_hash (digest, MODEL_DIGEST_SIZE, bytes.data, bytes.size, digest);
}

static int
start_session (struct client *client, struct policy *policy, struct vtpm_error **error)
{
  const TPMT_SYM_DEF symmetric = { .algorithm = TPM2_ALG_NULL };
  TSS2_RC rc = Esys_StartAuthSession (client->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                      ESYS_TR_NONE, ESYS_TR_NONE, NULL, TPM2_SE_POLICY, &symmetric,
                                      TPM2_ALG_SHA256, &policy->session);

  return client_esys_check (client, rc, "StartAuthSession", error);
}

static int
satisfy (struct client *client, struct policy *policy, struct vtpm_error **error)
{
  const TPM2B_DIGEST any = { .size = 0 };
  TSS2_RC rc = Esys_PolicyPCR (client->esys, policy->session, ESYS_TR_NONE, ESYS_TR_NONE,
                               ESYS_TR_NONE, &any, &selection);

  if (client_esys_check (client, rc, "PolicyPCR", error) < 0)
    return -1;
  rc = Esys_PolicyCommandCode (client->esys, policy->session, ESYS_TR_NONE, ESYS_TR_NONE,
                               ESYS_TR_NONE, TPM2_CC_NV_Write);
  return client_esys_check (client, rc, "PolicyCommandCode", error);
}

static int
check_digest (struct client *client, const struct policy *policy, struct vtpm_error **error)
{
  _cleanup_esys_ TPM2B_DIGEST *digest = NULL;
  TSS2_RC rc = Esys_PolicyGetDigest (client->esys, policy->session, ESYS_TR_NONE, ESYS_TR_NONE,
                                     ESYS_TR_NONE, &digest);

  if (client_esys_check (client, rc, "PolicyGetDigest", error) < 0)
    return -1;
  if (digest->size != MODEL_DIGEST_SIZE
      || memcmp (digest->buffer, policy->digest, MODEL_DIGEST_SIZE) != 0)
    client_mismatch (client, "policy: the session has another digest than its commands make");
  return 0;
}

static int
write_in_session (struct client *client, struct policy *policy, const TPM2B_MAX_NV_BUFFER *data,
                  bool *outdated, struct vtpm_error **error)
{
  TSS2_RC rc;

  if (start_session (client, policy, error) < 0 || satisfy (client, policy, error) < 0
      || check_digest (client, policy, error) < 0)
    return -1;
  rc = Esys_NV_Write (client->esys, policy->nv, policy->nv, policy->session, ESYS_TR_NONE,
                      ESYS_TR_NONE, data, 0);
  *outdated = rc == TPM2_RC_PCR_CHANGED;
  if (!*outdated && client_esys_check (client, rc, "NV_Write by policy", error) < 0)
    return -1;
  return esys_flush (client, &policy->session, error);
}

/* A PCR that somebody else extends meanwhile, whichever, outdates PolicyPCR.  */
static int
write_number (struct client *client, struct policy *policy, uint64_t number,
              struct vtpm_error **error)
{
  TPM2B_MAX_NV_BUFFER data = { .size = NV_SIZE };
  bool outdated;

  model_data_make (LABEL, number, data.buffer, NV_SIZE);
  do
    if (write_in_session (client, policy, &data, &outdated, error) < 0)
      return -1;
  while (outdated && client->options->clients > 1);
  return outdated ? vtpm_error_set_plain (error, EPROTO, "a PCR changed that nobody extended") : 0;
}

static int
begin (struct client *client, const struct activity *self, void **state, struct vtpm_error **error)
{
  _cleanup_free_ struct policy *policy = calloc (1, sizeof (*policy));

  if (policy == NULL)
    return vtpm_error_set (error, ENOMEM, "%s", self->name);
  policy->session = ESYS_TR_NONE;
  compute_digest (policy->digest);
  if (esys_define_nv (client, client_nv_base (client) + NV_SLOT,
                      TPMA_NV_AUTHREAD | TPMA_NV_POLICYWRITE | TPMA_NV_NO_DA, NV_SIZE,
                      policy->digest, &policy->nv, error)
          < 0
      || write_number (client, policy, 0, error) < 0)
    return -1;
  *state = vtpm_steal_pointer (&policy);
  return 0;
}

static int
verify (struct client *client, void *state, struct vtpm_error **error)
{
  struct policy *policy = state;
  _cleanup_esys_ TPM2B_MAX_NV_BUFFER *data = NULL;
  TSS2_RC rc = Esys_NV_Read (client->esys, policy->nv, policy->nv, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                             ESYS_TR_NONE, NV_SIZE, 0, &data);

  if (client_esys_check (client, rc, "NV_Read", error) < 0)
    return -1;
  client_judge (client, "what is written by policy",
                model_data_judge (&policy->number, LABEL, data->buffer, data->size));
  return 0;
}

static int
step (struct client *client, void *state, struct vtpm_error **error)
{
  struct policy *policy = state;

  if (write_number (client, policy, model_number_begin (&policy->number), error) < 0)
    return -1;
  model_number_acknowledge (&policy->number);
  return 0;
}

static int
restore (struct client *client, void *state, struct vtpm_error **error)
{
  struct policy *policy = state;

  if (policy->session != ESYS_TR_NONE)
    client_mismatch (client, "policy: the session is lost");
  policy->session = ESYS_TR_NONE;
  return esys_find_nv (client, client_nv_base (client) + NV_SLOT, &policy->nv, error);
}

static int
end (struct client *client, void *state, struct vtpm_error **error)
{
  _cleanup_free_ struct policy *policy = state;

  if (transport_broken (client->transport))
    return 0;
  return esys_flush (client, &policy->session, error);
}

const struct activity policy_activity = {
  .name = "policy",
  .weight = 2,
  .begin = begin,
  .step = step,
  .verify = verify,
  .restore = restore,
  .end = end,
};
