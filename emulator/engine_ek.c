/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "engine_ek.h"

#include <stdbool.h>

#include "big_endian.h"
#include "tpm_header.h"

#define NO_SESSIONS 0x8001u
#define SESSIONS 0x8002u
#define NV_READ 0x0000014eu
#define NV_READ_PUBLIC 0x00000169u

/* What the TPM gives with one TPM2_NV_Read (TPM_PT_NV_BUFFER_MAX).  */
#define NV_BUFFER_SIZE 1024u

/* *BODY is what follows the header, or NULL where the TPM would not.  */
static int
ask (struct vtpm_engine *engine, uint8_t *command, const uint8_t *end, const uint8_t **body,
     size_t *size, struct vtpm_error **error)
{
  struct vtpm_tpm_header header;

  vtpm_put_be32 (command + 2, (uint32_t) (end - command));
  *body = NULL;
  if (vtpm_engine_process (engine, command, (size_t) (end - command), body, size, error) < 0)
    return -1;
  if (!vtpm_tpm_header_read (*body, *size, &header) || header.code != 0)
    {
      *body = NULL;
      return 0;
    }
  *body += VTPM_TPM_HEADER_SIZE;
  *size -= VTPM_TPM_HEADER_SIZE;
  return 0;
}

/* The size of an index, 0 where there is none: the last two bytes of a TPM2B_NV_PUBLIC.  */
static int
get_size (struct vtpm_engine *engine, uint32_t index, size_t *size, struct vtpm_error **error)
{
  uint8_t command[VTPM_TPM_HEADER_SIZE + 4];
  const uint8_t *body;
  size_t length, public_size;

  vtpm_put_be16 (command, NO_SESSIONS);
  vtpm_put_be32 (command + 6, NV_READ_PUBLIC);
  *size = 0;
  if (ask (engine, command, vtpm_put_be32 (command + 10, index), &body, &length, error) < 0)
    return -1;
  if (body == NULL || length < 2)
    return 0;
  public_size = vtpm_get_be16 (body);
  if (public_size >= 14 && public_size <= length - 2)
    *size = vtpm_get_be16 (body + public_size);
  return 0;
}

/* With the index' own authorisation, which is empty.  *GOT is false where that does not
   do.  */
static int
read_part (struct vtpm_engine *engine, uint32_t index, size_t offset, uint8_t *data, size_t size,
           bool *got, struct vtpm_error **error)
{
  uint8_t command[64];
  uint8_t *next = vtpm_put_be16 (command, SESSIONS);
  const uint8_t *body;
  size_t length;

  next = vtpm_put_be32 (next + 4, NV_READ);
  next = vtpm_put_be32 (next, index);
  next = vtpm_put_be32 (next, index);
  next = vtpm_put_be32 (next, 9); /* authorizationSize */
  next = vtpm_put_be32 (next, 0x40000009); /* TPM_RS_PW */
  next = vtpm_put_be16 (next, 0);
  *next++ = 0;
  next = vtpm_put_be16 (next, 0);
  next = vtpm_put_be16 (next, (uint16_t) size);
  next = vtpm_put_be16 (next, (uint16_t) offset);
  *got = false;
  if (ask (engine, command, next, &body, &length, error) < 0)
    return -1;
  if (body == NULL || length < 6 + size || vtpm_get_be16 (body + 4) != size)
    return 0;
  memcpy (data, body + 6, size);
  *got = true;
  return 0;
}

/* *SIZE is 0 where there is none.  */
static int
read_certificate (struct vtpm_engine *engine, enum vtpm_key_type type,
                  uint8_t certificate[VTPM_CERTIFICATE_MAX], size_t *size,
                  struct vtpm_error **error)
{
  uint32_t index = vtpm_ek_place (type).certificate;
  size_t whole;
  bool got = true;

  *size = 0;
  if (get_size (engine, index, &whole, error) < 0)
    return -1;
  if (whole > VTPM_CERTIFICATE_MAX)
    return 0;
  for (size_t offset = 0; offset < whole && got; offset += NV_BUFFER_SIZE)
    {
      size_t left = whole - offset;

      if (read_part (engine, index, offset, certificate + offset,
                     left < NV_BUFFER_SIZE ? left : NV_BUFFER_SIZE, &got, error)
          < 0)
        return -1;
    }
  *size = got ? whole : 0;
  return 0;
}

#define RQU_COMMAND 0x00c1u
#define GET_CAPABILITY_1_2 0x00000065u
#define NV_READ_VALUE_1_2 0x000000cfu
#define CAP_NV_INDEX_1_2 0x00000011u

/* The last four bytes of a TPM_NV_DATA_PUBLIC.  */
static int
get_size_1_2 (struct vtpm_engine *engine, size_t *size, struct vtpm_error **error)
{
  uint8_t command[VTPM_TPM_HEADER_SIZE + 12];
  uint8_t *next = vtpm_put_be16 (command, RQU_COMMAND);
  const uint8_t *body;
  size_t length;

  next = vtpm_put_be32 (next + 4, GET_CAPABILITY_1_2);
  next = vtpm_put_be32 (next, CAP_NV_INDEX_1_2);
  next = vtpm_put_be32 (next, 4);
  next = vtpm_put_be32 (next, VTPM_EK_INDEX_1_2);
  *size = 0;
  if (ask (engine, command, next, &body, &length, error) < 0)
    return -1;
  if (body != NULL && length >= 4 + 69 && vtpm_get_be32 (body) == length - 4)
    *size = vtpm_get_be32 (body + length - 4);
  return 0;
}

static int
read_1_2 (struct vtpm_engine *engine, uint8_t *data, size_t size, bool *got,
          struct vtpm_error **error)
{
  uint8_t command[VTPM_TPM_HEADER_SIZE + 12];
  uint8_t *next = vtpm_put_be16 (command, RQU_COMMAND);
  const uint8_t *body;
  size_t length;

  next = vtpm_put_be32 (next + 4, NV_READ_VALUE_1_2);
  next = vtpm_put_be32 (next, VTPM_EK_INDEX_1_2);
  next = vtpm_put_be32 (next, 0);
  next = vtpm_put_be32 (next, (uint32_t) size);
  *got = false;
  if (ask (engine, command, next, &body, &length, error) < 0)
    return -1;
  if (body == NULL || length != 4 + size || vtpm_get_be32 (body) != size)
    return 0;
  memcpy (data, body + 4, size);
  *got = true;
  return 0;
}

/* *FOUND counts one that is there and cannot be read: since an owner has locked the NV memory
   only he can.  */
static int
look_at_1_2 (struct vtpm_engine *engine, const struct vtpm_ek_listener *listener,
             unsigned int *found, struct vtpm_error **error)
{
  uint8_t certificate[VTPM_CERTIFICATE_MAX];
  size_t size;
  bool got;

  if (get_size_1_2 (engine, &size, error) < 0)
    return -1;
  if (size == 0)
    return 0;
  *found = VTPM_EKS_1_2;
  if (listener == NULL || size > VTPM_CERTIFICATE_MAX)
    return 0;
  if (read_1_2 (engine, certificate, size, &got, error) < 0)
    return -1;
  return got ? listener->hear (listener->context, VTPM_KEY_RSA_2048, certificate, size, error) : 0;
}

static int
look_at_2_0 (struct vtpm_engine *engine, const struct vtpm_ek_listener *listener,
             unsigned int *found, struct vtpm_error **error)
{
  uint8_t certificate[VTPM_CERTIFICATE_MAX];
  size_t size;

  for (int type = 0; type < VTPM_KEY_TYPE_COUNT; type++)
    {
      if (read_certificate (engine, (enum vtpm_key_type) type, certificate, &size, error) < 0)
        return -1;
      if (size == 0)
        continue;
      *found |= 1U << type;
      if (listener != NULL
          && listener->hear (listener->context, (enum vtpm_key_type) type, certificate, size, error)
                 < 0)
        return -1;
    }
  return 0;
}

int
vtpm_engine_expect_eks (struct vtpm_engine *engine, enum vtpm_tpm_version version,
                        unsigned int eks, const struct vtpm_ek_listener *listener,
                        struct vtpm_error **error)
{
  char has[VTPM_SET_TEXT_SIZE], lacks[VTPM_SET_TEXT_SIZE];
  unsigned int found = 0;

  if ((version == VTPM_TPM_2_0 ? look_at_2_0 (engine, listener, &found, error)
                               : look_at_1_2 (engine, listener, &found, error))
      < 0)
    return -1;
  if ((eks & ~found) != 0)
    return vtpm_error_set_plain (error, EINVAL,
                                 "the TPM has no endorsement key with a certificate of type %s; "
                                 "those that it has: %s",
                                 vtpm_key_types_format (eks & ~found, lacks),
                                 vtpm_key_types_format (found, has));
  return 0;
}
