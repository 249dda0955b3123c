/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
/*
 * hash: a hash sequence, whose state is in the TPM between its commands and
 * which a lost or repeated command makes come out wrong.
 */
#include <string.h>

#include "activity.h"
#include "raw_tpm.h"

#define PIECES_MAX 12

struct sequence
{
  uint32_t handle;
  uint64_t number; /* of the sequence */
  size_t pieces;   /* so far */
  uint8_t data[PIECES_MAX * MODEL_DIGEST_SIZE];
};

static int
start (struct client *client, struct sequence *sequence, struct vtpm_error **error)
{
  sequence->pieces = 0;
  sequence->number++;
  return raw_hash_start (client->transport, &sequence->handle, error);
}

static int
begin (struct client *client, const struct activity *self, void **state, struct vtpm_error **error)
{
  _cleanup_free_ struct sequence *sequence = calloc (1, sizeof (*sequence));

  if (sequence == NULL)
    return vtpm_error_set (error, ENOMEM, "%s", self->name);
  if (start (client, sequence, error) < 0)
    return -1;
  *state = vtpm_steal_pointer (&sequence);
  return 0;
}

static int
complete (struct client *client, struct sequence *sequence, struct vtpm_error **error)
{
  uint8_t digest[MODEL_DIGEST_SIZE], expected[MODEL_DIGEST_SIZE];

  if (raw_hash_complete (client->transport, sequence->handle, digest, error) < 0)
    return -1;
  model_hash (sequence->data, sequence->pieces * MODEL_DIGEST_SIZE, NULL, 0, expected);
  if (memcmp (digest, expected, sizeof (digest)) != 0)
    client_mismatch (client, "hash: not that of the data given");
  return start (client, sequence, error);
}

static int
step (struct client *client, void *state, struct vtpm_error **error)
{
  struct sequence *sequence = state;
  uint8_t *piece = sequence->data + sequence->pieces * MODEL_DIGEST_SIZE;

  if (sequence->pieces == PIECES_MAX)
    return complete (client, sequence, error);
  model_digest ("hash", sequence->number * PIECES_MAX + sequence->pieces, piece);
  if (raw_hash_update (client->transport, sequence->handle, piece, MODEL_DIGEST_SIZE, error) < 0)
    return -1;
  sequence->pieces++;
  return 0;
}

static int
verify (struct client *client, void *state, struct vtpm_error **error)
{
  return complete (client, state, error);
}

static int
restore (struct client *client, void *state, struct vtpm_error **error)
{
  client_mismatch (client, "hash: the sequence is lost");
  return start (client, state, error);
}

static int
end (struct client *client, void *state, struct vtpm_error **error)
{
  _cleanup_free_ struct sequence *sequence = state;

  if (transport_broken (client->transport))
    return 0;
  return raw_flush (client->transport, sequence->handle, error);
}

const struct activity hash_activity = {
  .name = "hash",
  .weight = 10,
  .begin = begin,
  .step = step,
  .verify = verify,
  .restore = restore,
  .end = end,
};
