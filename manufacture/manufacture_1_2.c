/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include <openssl/evp.h>
#include <string.h>

#include "big_endian.h"
#include "manufacture_internal.h"
#include "public_key.h"
#include "tpm_header.h"

/* TPM Main Specification, part 2.  */
#define TAG_RQU_COMMAND 0x00c1
#define ORD_GET_CAPABILITY 0x00000065
#define ORD_CREATE_ENDORSEMENT_KEY_PAIR 0x00000078
#define ORD_NV_DEFINE_SPACE 0x000000cc
#define ORD_NV_WRITE_VALUE 0x000000cd
#define CAP_VERSION_VAL 0x0000001a
#define NV_PER_OWNERREAD 0x00020000
#define NV_PER_OWNERWRITE 0x00000002
#define LOC_ALL 0x1f
#define NONCE_SIZE 20
#define RSA_BYTES 256

/* The revision of level 2 that libtpms implements, and the last.  */
#define SPECIFICATION_REVISION 116

#define COMMAND_MAX (VTPM_TPM_HEADER_SIZE + 128 + VTPM_CERTIFICATE_MAX)

struct command
{
  const char *what; /* its name in the specification */
  uint8_t bytes[COMMAND_MAX];
  uint8_t *end;
};

static void
begin (struct command *command, const char *what)
{
  *command = (struct command) { .what = what };
  command->end = command->bytes + VTPM_TPM_HEADER_SIZE;
}

static void
add_be16 (struct command *command, uint16_t number)
{
  command->end = vtpm_put_be16 (command->end, number);
}

static void
add_be32 (struct command *command, uint32_t number)
{
  command->end = vtpm_put_be32 (command->end, number);
}

static void
add_bytes (struct command *command, const uint8_t *bytes, size_t size)
{
  memcpy (command->end, bytes, size);
  command->end += size;
}

static void
add_zeros (struct command *command, size_t size)
{
  memset (command->end, 0, size);
  command->end += size;
}

/* *BODY is what follows the header.  */
static int
execute (struct vtpm_engine *engine, struct command *command, uint32_t ordinal,
         const uint8_t **body, size_t *size, struct vtpm_error **error)
{
  size_t length = (size_t) (command->end - command->bytes);
  struct vtpm_tpm_header header
      = { .tag = TAG_RQU_COMMAND, .size = (uint32_t) length, .code = ordinal };

  vtpm_tpm_header_write (&header, command->bytes);
  if (vtpm_engine_process (engine, command->bytes, length, body, size, error) < 0)
    return vtpm_error_wrap (error, "%s", command->what);
  if (!vtpm_tpm_header_read (*body, *size, &header) || header.code != 0)
    return vtpm_error_set_plain (error, EIO, "%s was answered with code 0x%x", command->what,
                                 header.code);
  *body += VTPM_TPM_HEADER_SIZE;
  *size -= VTPM_TPM_HEADER_SIZE;
  return 0;
}

/* A TPM_CAP_VERSION_INFO: tag, TPM_VERSION, specLevel, errataRev, tpmVendorID.  */
static int
get_facts (struct vtpm_engine *engine, struct vtpm_certificate_request *facts,
           struct vtpm_error **error)
{
  struct command command;
  const uint8_t *body;
  size_t size;

  begin (&command, "TPM_GetCapability");
  add_be32 (&command, CAP_VERSION_VAL);
  add_be32 (&command, 0);
  if (execute (engine, &command, ORD_GET_CAPABILITY, &body, &size, error) < 0)
    return -1;
  if (size < 4 + 13)
    return vtpm_error_set_plain (error, EIO, "the TPM does not tell its version");
  body += 4;
  *facts = (struct vtpm_certificate_request) {
    .version = VTPM_TPM_1_2,
    .manufacturer = vtpm_get_be32 (body + 9),
    .firmware_version = vtpm_get_be16 (body + 4),
    .level = vtpm_get_be16 (body + 6),
    .revision = SPECIFICATION_REVISION,
  };
  return 0;
}

/* The answer is a TPM_PUBKEY: 24 bytes of parameters, and the modulus; then a checksum over a
   nonce, which is of no use where nobody else could have answered.  */
static int
make_key (struct vtpm_engine *engine, uint8_t modulus[RSA_BYTES], struct vtpm_error **error)
{
  struct command command;
  const uint8_t *body;
  size_t size;

  begin (&command, "TPM_CreateEndorsementKeyPair");
  add_zeros (&command, NONCE_SIZE);
  add_be32 (&command, 1); /* TPM_ALG_RSA */
  add_be16 (&command, 3); /* TPM_ES_RSAESOAEP_SHA1_MGF1 */
  add_be16 (&command, 1); /* TPM_SS_NONE */
  add_be32 (&command, 12);
  add_be32 (&command, 8 * RSA_BYTES);
  add_be32 (&command, 2); /* primes */
  add_be32 (&command, 0); /* the exponent's size: 65537 */
  if (execute (engine, &command, ORD_CREATE_ENDORSEMENT_KEY_PAIR, &body, &size, error) < 0)
    return -1;
  if (size < 24 + 4 + RSA_BYTES || vtpm_get_be32 (body + 24) != RSA_BYTES)
    return vtpm_error_set_plain (error, EIO, "the TPM made a key of another size");
  memcpy (modulus, body + 28, RSA_BYTES);
  return 0;
}

static void
add_no_pcr_info (struct command *command)
{
  add_be16 (command, 3); /* sizeOfSelect */
  add_zeros (command, 3);
  *command->end++ = LOC_ALL;
  add_zeros (command, NONCE_SIZE);
}

/* As TPMs of this version leave the factory: nothing is locked, and the index, which has the
   D bit, cannot be removed.  */
static int
define_index (struct vtpm_engine *engine, uint32_t index, size_t size, struct vtpm_error **error)
{
  struct command command;
  const uint8_t *body;
  size_t body_size;

  begin (&command, "TPM_NV_DefineSpace");
  add_be16 (&command, 0x0018); /* TPM_TAG_NV_DATA_PUBLIC */
  add_be32 (&command, index);
  add_no_pcr_info (&command); /* for reading */
  add_no_pcr_info (&command); /* for writing */
  add_be16 (&command, 0x0017); /* TPM_TAG_NV_ATTRIBUTES */
  add_be32 (&command, NV_PER_OWNERREAD | NV_PER_OWNERWRITE);
  add_zeros (&command, 3); /* bReadSTClear, bWriteSTClear, bWriteDefine */
  add_be32 (&command, (uint32_t) size);
  add_zeros (&command, NONCE_SIZE); /* encAuth */
  return execute (engine, &command, ORD_NV_DEFINE_SPACE, &body, &body_size, error);
}

static int
write_index (struct vtpm_engine *engine, uint32_t index, const uint8_t *data, size_t size,
             struct vtpm_error **error)
{
  struct command command;
  const uint8_t *body;
  size_t body_size;

  begin (&command, "TPM_NV_WriteValue");
  add_be32 (&command, index);
  add_be32 (&command, 0);
  add_be32 (&command, (uint32_t) size);
  add_bytes (&command, data, size);
  return execute (engine, &command, ORD_NV_WRITE_VALUE, &body, &body_size, error);
}

static int
certify (const struct vtpm_certifier *certifier, struct vtpm_certificate_request *request,
         const uint8_t modulus[RSA_BYTES], uint8_t certificate[VTPM_CERTIFICATE_MAX],
         size_t *size, struct vtpm_error **error)
{
  TPMT_PUBLIC area = { .type = TPM2_ALG_RSA, .unique.rsa.size = RSA_BYTES };
  uint8_t der[VTPM_PUBLIC_KEY_MAX];

  memcpy (area.unique.rsa.buffer, modulus, RSA_BYTES);
  if (vtpm_public_key_encode (&area, der, &request->key_size, error) < 0)
    return -1;
  request->key = der;
  return vtpm_manufacture_certify (certifier, request, certificate, size, error);
}

int
vtpm_manufacture_1_2 (struct vtpm_engine *engine, const struct vtpm_manufacture_spec *spec,
                      const struct vtpm_certifier *certifier, struct vtpm_error **error)
{
  struct vtpm_certificate_request request;
  uint8_t certificate[VTPM_CERTIFICATE_MAX];
  uint8_t modulus[RSA_BYTES];
  size_t size;

  if (spec->eks == 0)
    return 0;
  if (spec->eks != VTPM_EKS_1_2)
    return vtpm_error_set_plain (error, EINVAL, "a TPM 1.2 has no endorsement key but rsa2048");
  if (get_facts (engine, &request, error) < 0 || make_key (engine, modulus, error) < 0
      || certify (certifier, &request, modulus, certificate, &size, error) < 0
      || define_index (engine, VTPM_EK_INDEX_1_2, size, error) < 0
      || write_index (engine, VTPM_EK_INDEX_1_2, certificate, size, error) < 0)
    return vtpm_error_wrap (error, "endorsement key %s", vtpm_key_type_name (VTPM_KEY_RSA_2048));
  return 0;
}
