/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "raw_tpm.h"

#include <string.h>
#include <tss2/tss2_tpm2_types.h>

#include "command_names.h"

/* A command that is being made, and what comes of it.  */
struct exchange
{
  struct transport *transport;
  uint32_t code;
  uint32_t result; /* the answer's response code */
  struct bytes command;
  struct bytes response;
  struct cursor answer; /* its parameters, without handles */
};

static void
begin (struct exchange *exchange, struct transport *transport, uint32_t code, uint16_t tag)
{
  exchange->transport = transport;
  exchange->code = code;
  exchange->command.size = 0;
  exchange->command.overflow = false;
  bytes_put_number (&exchange->command, tag, 2);
  bytes_put_number (&exchange->command, 0, 4); /* the size: see execute */
  bytes_put_number (&exchange->command, code, 4);
}

/* A command on the HANDLES that are given, authorised by an empty password for
   the first of them.  */
static void
begin_authorized (struct exchange *exchange, struct transport *transport, uint32_t code,
                  const uint32_t *handles, size_t count)
{
  begin (exchange, transport, code, TPM2_ST_SESSIONS);
  for (size_t i = 0; i < count; i++)
    bytes_put_number (&exchange->command, handles[i], 4);
  bytes_put_number (&exchange->command, 9, 4); /* size of the authorisation area */
  bytes_put_number (&exchange->command, TPM2_RS_PW, 4);
  bytes_put_sized (&exchange->command, NULL, 0); /* nonce */
  bytes_put_number (&exchange->command, TPMA_SESSION_CONTINUESESSION, 1);
  bytes_put_sized (&exchange->command, NULL, 0); /* password */
}

static int
execute (struct exchange *exchange, struct vtpm_error **error)
{
  struct vtpm_tpm_header header;
  struct bytes size = { .size = 0 };

  if (exchange->command.overflow)
    return vtpm_error_set_plain (error, EMSGSIZE, "%s: the command is too long",
                                 command_name (exchange->code));
  bytes_put_number (&size, exchange->command.size, 4);
  memcpy (exchange->command.data + 2, size.data, 4);
  if (transport_execute (exchange->transport, &exchange->command, &exchange->response, error) < 0)
    return -1;
  vtpm_tpm_header_read (exchange->response.data, exchange->response.size, &header);
  exchange->result = header.code;
  exchange->answer = (struct cursor){
    .data = exchange->response.data + VTPM_TPM_HEADER_SIZE,
    .left = exchange->response.size - VTPM_TPM_HEADER_SIZE,
  };
  if (header.code != TPM2_RC_SUCCESS)
    return vtpm_error_set_plain (error, EPROTO, "the TPM answered %s with code 0x%x",
                                 command_name (exchange->code), header.code);
  return 0;
}

/* After the parameters were taken from the answer.  */
static int
check_answer (const struct exchange *exchange, struct vtpm_error **error)
{
  if (exchange->answer.underflow)
    return vtpm_error_set_plain (error, EPROTO, "the answer to %s is malformed",
                                 command_name (exchange->code));
  return 0;
}

/* The answer has one TPM2B of exactly SIZE bytes, which go to DATA.  */
static int
take_sized (struct exchange *exchange, uint8_t *data, size_t size, struct vtpm_error **error)
{
  size_t got;
  const uint8_t *from = cursor_sized (&exchange->answer, &got);

  if (from == NULL || got != size)
    exchange->answer.underflow = true;
  else
    memcpy (data, from, size);
  return check_answer (exchange, error);
}

int
raw_pcr_read (struct transport *transport, unsigned int pcr, uint8_t value[MODEL_DIGEST_SIZE],
              uint32_t *update_counter, struct vtpm_error **error)
{
  uint8_t selected[3] = { 0 };
  struct exchange exchange;

  selected[pcr / 8] = (uint8_t) (1u << (pcr % 8));
  begin (&exchange, transport, TPM2_CC_PCR_Read, TPM2_ST_NO_SESSIONS);
  bytes_put_number (&exchange.command, 1, 4); /* banks */
  bytes_put_number (&exchange.command, TPM2_ALG_SHA256, 2);
  bytes_put_number (&exchange.command, sizeof (selected), 1);
  bytes_put (&exchange.command, selected, sizeof (selected));
  if (execute (&exchange, error) < 0)
    return -1;
  *update_counter = (uint32_t) cursor_number (&exchange.answer, 4);
  cursor_take (&exchange.answer, 4 + 2 + 1 + sizeof (selected)); /* the selection again */
  cursor_number (&exchange.answer, 4);                           /* digests */
  return take_sized (&exchange, value, MODEL_DIGEST_SIZE, error);
}

int
raw_pcr_extend (struct transport *transport, unsigned int pcr,
                const uint8_t digest[MODEL_DIGEST_SIZE], struct vtpm_error **error)
{
  const uint32_t handles[] = { pcr };
  struct exchange exchange;

  begin_authorized (&exchange, transport, TPM2_CC_PCR_Extend, handles, 1);
  bytes_put_number (&exchange.command, 1, 4); /* digests */
  bytes_put_number (&exchange.command, TPM2_ALG_SHA256, 2);
  bytes_put (&exchange.command, digest, MODEL_DIGEST_SIZE);
  return execute (&exchange, error);
}

int
raw_nv_read_public (struct transport *transport, uint32_t handle, bool *exists, struct raw_nv *nv,
                    struct vtpm_error **error)
{
  _cleanup_error_ struct vtpm_error *problem = NULL;
  struct exchange exchange = { .result = TPM2_RC_SUCCESS };

  begin (&exchange, transport, TPM2_CC_NV_ReadPublic, TPM2_ST_NO_SESSIONS);
  bytes_put_number (&exchange.command, handle, 4);
  if (execute (&exchange, &problem) < 0)
    {
      *exists = false;
      /* Handles come with the number of the handle added.  */
      return exchange.result == TPM2_RC_HANDLE + TPM2_RC_1 ? 0 : vtpm_error_pass (error, &problem);
    }
  *exists = true;
  cursor_number (&exchange.answer, 2); /* size of TPMS_NV_PUBLIC */
  nv->handle = (uint32_t) cursor_number (&exchange.answer, 4);
  cursor_number (&exchange.answer, 2); /* name algorithm */
  nv->attributes = (uint32_t) cursor_number (&exchange.answer, 4);
  cursor_take (&exchange.answer, (size_t) cursor_number (&exchange.answer, 2)); /* policy */
  nv->size = (uint16_t) cursor_number (&exchange.answer, 2);
  return check_answer (&exchange, error);
}

int
raw_nv_define (struct transport *transport, const struct raw_nv *nv, struct vtpm_error **error)
{
  const uint32_t handles[] = { TPM2_RH_OWNER };
  struct exchange exchange;

  begin_authorized (&exchange, transport, TPM2_CC_NV_DefineSpace, handles, 1);
  bytes_put_sized (&exchange.command, NULL, 0); /* its password */
  bytes_put_number (&exchange.command, 4 + 2 + 4 + 2 + 2, 2);
  bytes_put_number (&exchange.command, nv->handle, 4);
  bytes_put_number (&exchange.command, TPM2_ALG_SHA256, 2);
  bytes_put_number (&exchange.command, nv->attributes, 4);
  bytes_put_sized (&exchange.command, NULL, 0); /* policy */
  bytes_put_number (&exchange.command, nv->size, 2);
  return execute (&exchange, error);
}

int
raw_nv_undefine (struct transport *transport, uint32_t handle, struct vtpm_error **error)
{
  const uint32_t handles[] = { TPM2_RH_OWNER, handle };
  struct exchange exchange;

  begin_authorized (&exchange, transport, TPM2_CC_NV_UndefineSpace, handles, 2);
  return execute (&exchange, error);
}

/* An index authorises itself.  */
static void
begin_on_index (struct exchange *exchange, struct transport *transport, uint32_t code,
                const struct raw_nv *nv)
{
  const uint32_t handles[] = { nv->handle, nv->handle };

  begin_authorized (exchange, transport, code, handles, 2);
}

int
raw_nv_write (struct transport *transport, const struct raw_nv *nv, const uint8_t *data,
              struct vtpm_error **error)
{
  struct exchange exchange;

  begin_on_index (&exchange, transport, TPM2_CC_NV_Write, nv);
  bytes_put_sized (&exchange.command, data, nv->size);
  bytes_put_number (&exchange.command, 0, 2); /* offset */
  return execute (&exchange, error);
}

int
raw_nv_extend (struct transport *transport, const struct raw_nv *nv,
               const uint8_t digest[MODEL_DIGEST_SIZE], struct vtpm_error **error)
{
  struct exchange exchange;

  begin_on_index (&exchange, transport, TPM2_CC_NV_Extend, nv);
  bytes_put_sized (&exchange.command, digest, MODEL_DIGEST_SIZE);
  return execute (&exchange, error);
}

int
raw_nv_increment (struct transport *transport, const struct raw_nv *nv, struct vtpm_error **error)
{
  struct exchange exchange;

  begin_on_index (&exchange, transport, TPM2_CC_NV_Increment, nv);
  return execute (&exchange, error);
}

int
raw_nv_read (struct transport *transport, const struct raw_nv *nv, uint8_t *data,
             struct vtpm_error **error)
{
  struct exchange exchange;

  begin_on_index (&exchange, transport, TPM2_CC_NV_Read, nv);
  bytes_put_number (&exchange.command, nv->size, 2);
  bytes_put_number (&exchange.command, 0, 2); /* offset */
  if (execute (&exchange, error) < 0)
    return -1;
  cursor_number (&exchange.answer, 4); /* size of the parameters */
  return take_sized (&exchange, data, nv->size, error);
}

int
raw_get_random (struct transport *transport, uint8_t random[RAW_RANDOM_SIZE],
                struct vtpm_error **error)
{
  struct exchange exchange;

  begin (&exchange, transport, TPM2_CC_GetRandom, TPM2_ST_NO_SESSIONS);
  bytes_put_number (&exchange.command, RAW_RANDOM_SIZE, 2);
  if (execute (&exchange, error) < 0)
    return -1;
  return take_sized (&exchange, random, RAW_RANDOM_SIZE, error);
}

int
raw_read_clock (struct transport *transport, struct raw_clock *clock, struct vtpm_error **error)
{
  struct exchange exchange;

  begin (&exchange, transport, TPM2_CC_ReadClock, TPM2_ST_NO_SESSIONS);
  if (execute (&exchange, error) < 0)
    return -1;
  clock->time = cursor_number (&exchange.answer, 8);
  clock->clock = cursor_number (&exchange.answer, 8);
  clock->reset_count = (uint32_t) cursor_number (&exchange.answer, 4);
  clock->restart_count = (uint32_t) cursor_number (&exchange.answer, 4);
  return check_answer (&exchange, error);
}

int
raw_hash_start (struct transport *transport, uint32_t *sequence, struct vtpm_error **error)
{
  struct exchange exchange;

  begin (&exchange, transport, TPM2_CC_HashSequenceStart, TPM2_ST_NO_SESSIONS);
  bytes_put_sized (&exchange.command, NULL, 0); /* its password */
  bytes_put_number (&exchange.command, TPM2_ALG_SHA256, 2);
  if (execute (&exchange, error) < 0)
    return -1;
  *sequence = (uint32_t) cursor_number (&exchange.answer, 4);
  return check_answer (&exchange, error);
}

int
raw_hash_update (struct transport *transport, uint32_t sequence, const uint8_t *data, size_t size,
                 struct vtpm_error **error)
{
  const uint32_t handles[] = { sequence };
  struct exchange exchange;

  begin_authorized (&exchange, transport, TPM2_CC_SequenceUpdate, handles, 1);
  bytes_put_sized (&exchange.command, data, size);
  return execute (&exchange, error);
}

int
raw_hash_complete (struct transport *transport, uint32_t sequence,
                   uint8_t digest[MODEL_DIGEST_SIZE], struct vtpm_error **error)
{
  const uint32_t handles[] = { sequence };
  struct exchange exchange;

  begin_authorized (&exchange, transport, TPM2_CC_SequenceComplete, handles, 1);
  bytes_put_sized (&exchange.command, NULL, 0); /* no more data */
  bytes_put_number (&exchange.command, TPM2_RH_NULL, 4);
  if (execute (&exchange, error) < 0)
    return -1;
  cursor_number (&exchange.answer, 4); /* size of the parameters */
  return take_sized (&exchange, digest, MODEL_DIGEST_SIZE, error);
}

int
raw_flush (struct transport *transport, uint32_t handle, struct vtpm_error **error)
{
  struct exchange exchange;

  begin (&exchange, transport, TPM2_CC_FlushContext, TPM2_ST_NO_SESSIONS);
  bytes_put_number (&exchange.command, handle, 4);
  return execute (&exchange, error);
}
