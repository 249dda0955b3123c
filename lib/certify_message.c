/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "certify_message.h"

#include "big_endian.h"

#define HEAD_SIZE 20

/* As the specifications number themselves.  */
#define VERSION_1_2 0x102u
#define VERSION_2_0 0x200u

int
vtpm_certify_message_write (const struct vtpm_certificate_request *request,
                            uint8_t message[VTPM_CERTIFY_MESSAGE_MAX], size_t *size,
                            struct vtpm_error **error)
{
  uint8_t *next = message;

  if (request->key_size == 0 || request->key_size > VTPM_CERTIFY_KEY_MAX)
    return vtpm_error_set_plain (error, EFBIG, "a public key of %zu bytes: not 1 to %d",
                                 request->key_size, VTPM_CERTIFY_KEY_MAX);
  next = vtpm_put_be32 (next, request->version == VTPM_TPM_1_2 ? VERSION_1_2 : VERSION_2_0);
  next = vtpm_put_be32 (next, request->manufacturer);
  next = vtpm_put_be32 (next, request->firmware_version);
  next = vtpm_put_be32 (next, request->level);
  next = vtpm_put_be32 (next, request->revision);
  memcpy (next, request->key, request->key_size);
  *size = HEAD_SIZE + request->key_size;
  return 0;
}

int
vtpm_certify_message_read (const uint8_t *message, size_t size,
                           struct vtpm_certificate_request *request, struct vtpm_error **error)
{
  uint32_t version = size > HEAD_SIZE ? vtpm_get_be32 (message) : 0;

  if (size <= HEAD_SIZE || size > VTPM_CERTIFY_MESSAGE_MAX)
    return vtpm_error_set_plain (error, EPROTO, "a certificate request of %zu bytes", size);
  if (version != VERSION_1_2 && version != VERSION_2_0)
    return vtpm_error_set_plain (error, EPROTO, "a certificate request for TPM version 0x%x",
                                 version);
  *request = (struct vtpm_certificate_request) {
    .key = message + HEAD_SIZE,
    .key_size = size - HEAD_SIZE,
    .version = version == VERSION_1_2 ? VTPM_TPM_1_2 : VTPM_TPM_2_0,
    .manufacturer = vtpm_get_be32 (message + 4),
    .firmware_version = vtpm_get_be32 (message + 8),
    .level = vtpm_get_be32 (message + 12),
    .revision = vtpm_get_be32 (message + 16),
  };
  return 0;
}
