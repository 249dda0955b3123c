/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
/*
 * nv-write, nv-counter, nv-extend: change an NV index each and read it.  These
 * changes are recorded in the ledger.
 *
 * nv-orderly: a counter that the TPM keeps in memory and need not have on disk
 * until an orderly shutdown; a crash of the emulator is none of the crashes
 * that it may suffer from.
 */
#include <inttypes.h>
#include <string.h>
#include <tss2/tss2_tpm2_types.h>

#include "activity.h"
#include "raw_tpm.h"

#define NV_DATA_SIZE 256
#define NV_COUNTER_SIZE 8

/* An index that authorises itself, by an empty password that needs no
   protection from guessing.  */
#define NV_ATTRIBUTES(type)                                                                        \
  (TPMA_NV_AUTHWRITE | TPMA_NV_AUTHREAD | TPMA_NV_NO_DA                                            \
   | (uint32_t) (type) << TPMA_NV_TPM2_NT_SHIFT)

struct nv
{
  const char *label;
  const struct nv_kind *kind;
  struct raw_nv index;
  struct model_number number; /* of kinds with a number */
  struct model_chain chain;   /* of kinds without */
};

struct nv_kind
{
  unsigned int slot;
  uint32_t attributes;
  uint16_t size;
  bool recorded;

  /* Brings the index, just defined, to a value that the model has too.  */
  int (*initialize) (struct client *client, struct nv *nv, struct vtpm_error **error);

  /* NUMBER changes were acknowledged by an earlier run.  */
  void (*recall) (struct nv *nv, uint64_t number);

  int (*change) (struct client *client, struct nv *nv, struct vtpm_error **error);
  enum model_verdict (*judge) (struct nv *nv, const uint8_t *data);
};

static uint64_t
read_number (const uint8_t data[8])
{
  struct cursor cursor = { .data = data, .left = 8 };

  return cursor_number (&cursor, 8);
}

static int
data_write (struct client *client, struct nv *nv, uint64_t number, struct vtpm_error **error)
{
  uint8_t data[RAW_NV_SIZE_MAX];

  model_data_make (nv->label, number, data, nv->index.size);
  return raw_nv_write (client->transport, &nv->index, data, error);
}

static int
data_initialize (struct client *client, struct nv *nv, struct vtpm_error **error)
{
  return data_write (client, nv, 0, error);
}

static void
number_recall (struct nv *nv, uint64_t number)
{
  nv->number = (struct model_number){ .acknowledged = number, .in_flight = true };
}

static int
data_change (struct client *client, struct nv *nv, struct vtpm_error **error)
{
  if (data_write (client, nv, model_number_begin (&nv->number), error) < 0)
    return -1;
  model_number_acknowledge (&nv->number);
  return 0;
}

static enum model_verdict
data_judge (struct nv *nv, const uint8_t *data)
{
  return model_data_judge (&nv->number, nv->label, data, nv->index.size);
}

/* A new counter goes on from the highest that there ever was (part 3, 31.8).  */
static int
counter_initialize (struct client *client, struct nv *nv, struct vtpm_error **error)
{
  uint8_t data[NV_COUNTER_SIZE];

  if (raw_nv_increment (client->transport, &nv->index, error) < 0
      || raw_nv_read (client->transport, &nv->index, data, error) < 0)
    return -1;
  nv->number.acknowledged = read_number (data);
  return 0;
}

static int
counter_change (struct client *client, struct nv *nv, struct vtpm_error **error)
{
  model_number_begin (&nv->number);
  if (raw_nv_increment (client->transport, &nv->index, error) < 0)
    return -1;
  model_number_acknowledge (&nv->number);
  return 0;
}

static enum model_verdict
counter_judge (struct nv *nv, const uint8_t *data)
{
  return model_number_judge (&nv->number, read_number (data));
}

static int
extend_change (struct client *client, struct nv *nv, struct vtpm_error **error)
{
  uint8_t digest[MODEL_DIGEST_SIZE];

  model_chain_begin (&nv->chain, digest);
  if (raw_nv_extend (client->transport, &nv->index, digest, error) < 0)
    return -1;
  model_chain_acknowledge (&nv->chain);
  return 0;
}

/* An index cannot be read before it was extended once.  */
static int
extend_initialize (struct client *client, struct nv *nv, struct vtpm_error **error)
{
  static const uint8_t zeros[MODEL_DIGEST_SIZE];

  model_chain_init (&nv->chain, nv->label, zeros);
  return extend_change (client, nv, error);
}

static void
extend_recall (struct nv *nv, uint64_t number)
{
  static const uint8_t zeros[MODEL_DIGEST_SIZE];

  model_chain_init (&nv->chain, nv->label, zeros);
  model_chain_advance (&nv->chain, number);
  nv->chain.in_flight = true;
}

static enum model_verdict
extend_judge (struct nv *nv, const uint8_t *data)
{
  return model_chain_judge (&nv->chain, data);
}

static uint64_t
acknowledged (const struct nv *nv)
{
  return nv->kind->judge == extend_judge ? nv->chain.acknowledged : nv->number.acknowledged;
}

static int
record (struct client *client, const struct nv *nv, struct vtpm_error **error)
{
  if (!nv->kind->recorded)
    return 0;
  return client_record (client, nv->label, acknowledged (nv), error);
}

static int
verify (struct client *client, void *state, struct vtpm_error **error)
{
  struct nv *nv = state;
  uint8_t data[RAW_NV_SIZE_MAX];
  uint64_t expected = acknowledged (nv);
  enum model_verdict verdict;

  if (raw_nv_read (client->transport, &nv->index, data, error) < 0)
    return -1;
  verdict = nv->kind->judge (nv, data);
  if (!model_verdict_good (verdict))
    client_mismatch (client, "%s: %s (%" PRIu64 " changes were acknowledged, it shows %" PRIu64 ")",
                     nv->label, model_verdict_text (verdict), expected, acknowledged (nv));
  return 0;
}

/* An index that no ledger knows is of an earlier run.  */
static int
define (struct client *client, struct nv *nv, struct vtpm_error **error)
{
  struct raw_nv old;
  bool exists;

  if (raw_nv_read_public (client->transport, nv->index.handle, &exists, &old, error) < 0
      || (exists && raw_nv_undefine (client->transport, nv->index.handle, error) < 0)
      || raw_nv_define (client->transport, &nv->index, error) < 0
      || nv->kind->initialize (client, nv, error) < 0)
    return -1;
  return record (client, nv, error);
}

static int
begin (struct client *client, const struct activity *self, void **state, struct vtpm_error **error)
{
  const struct nv_kind *kind = self->kind;
  _cleanup_free_ struct nv *nv = calloc (1, sizeof (*nv));
  uint64_t number;

  if (nv == NULL)
    return vtpm_error_set (error, ENOMEM, "%s", self->name);
  nv->label = self->name;
  nv->kind = kind;
  nv->index = (struct raw_nv){
    .handle = client_nv_base (client) + kind->slot,
    .attributes = kind->attributes,
    .size = kind->size,
  };
  if (kind->recorded && client->ledger != NULL && ledger_find (client->ledger, nv->label, &number))
    {
      kind->recall (nv, number);
      if (verify (client, nv, error) < 0)
        return -1;
    }
  else if (define (client, nv, error) < 0)
    return -1;
  *state = vtpm_steal_pointer (&nv);
  return 0;
}

static int
step (struct client *client, void *state, struct vtpm_error **error)
{
  struct nv *nv = state;

  if (dice_roll (&client->dice, 8) == 0)
    return verify (client, state, error);
  if (nv->kind->change (client, nv, error) < 0)
    return -1;
  return record (client, nv, error);
}

static const struct nv_kind data_kind = {
  .slot = 0,
  .attributes = NV_ATTRIBUTES (TPM2_NT_ORDINARY),
  .size = NV_DATA_SIZE,
  .recorded = true,
  .initialize = data_initialize,
  .recall = number_recall,
  .change = data_change,
  .judge = data_judge,
};

static const struct nv_kind counter_kind = {
  .slot = 1,
  .attributes = NV_ATTRIBUTES (TPM2_NT_COUNTER),
  .size = NV_COUNTER_SIZE,
  .recorded = true,
  .initialize = counter_initialize,
  .recall = number_recall,
  .change = counter_change,
  .judge = counter_judge,
};

static const struct nv_kind extend_kind = {
  .slot = 2,
  .attributes = NV_ATTRIBUTES (TPM2_NT_EXTEND),
  .size = MODEL_DIGEST_SIZE,
  .recorded = true,
  .initialize = extend_initialize,
  .recall = extend_recall,
  .change = extend_change,
  .judge = extend_judge,
};

static const struct nv_kind orderly_kind = {
  .slot = 3,
  .attributes = NV_ATTRIBUTES (TPM2_NT_COUNTER) | TPMA_NV_ORDERLY,
  .size = NV_COUNTER_SIZE,
  .initialize = counter_initialize,
  .change = counter_change,
  .judge = counter_judge,
};

#define NV_ACTIVITY(label, how_often, which)                                                       \
  {                                                                                                \
    .name = (label), .weight = (how_often), .kind = (which), .begin = begin, .step = step,         \
    .verify = verify                                                                               \
  }

const struct activity nv_write_activity = NV_ACTIVITY ("nv-write", 10, &data_kind);
const struct activity nv_counter_activity = NV_ACTIVITY ("nv-counter", 10, &counter_kind);
const struct activity nv_extend_activity = NV_ACTIVITY ("nv-extend", 10, &extend_kind);
const struct activity nv_orderly_activity = NV_ACTIVITY ("nv-orderly", 10, &orderly_kind);
