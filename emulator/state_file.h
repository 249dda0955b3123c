/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_STATE_FILE_H
#define OCI_VTPM_STATE_FILE_H

/*
 * The format of an instance's state file.  Computes only; store.h reads and
 * writes the files.
 *
 * All numbers are big-endian.
 *
 *   offset size
 *        0    8  magic "OCI-vTPM"
 *        8    4  format version, 1
 *       12    4  length of the header: the offset of the ciphertext
 *       16    8  length of the file
 *       24    8  the first 8 bytes of SHA-256 of bytes 0 to 23
 *       32   16  uuid of the instance
 *       48    8  id of the host key
 *       56    8  generation: 1, and one more with every commit
 *       64   12  nonce, random
 *       76    1  length of the scope, then the scope
 *        .    1  length of the name, then the name
 *        .    .  ciphertext, AES-256-GCM; all bytes before it are authenticated
 *        .   16  tag
 *        .   32  SHA-256 of everything before it
 *
 * The plaintext is one byte enum vtpm_tpm_version and libtpms' permanent state.
 * The instance's key is HKDF-SHA256 (host key, salt: uuid, info: "oci-vtpm
 * state 1"); the host key's id is the first 8 bytes of HKDF-SHA256 (host key, no
 * salt, info: "oci-vtpm host key id").
 *
 * The magic, the fields up to offset 32 and the checksum at the end stay as
 * they are in every later version, so that accidental damage, which the
 * checksums tell, is never mistaken for a wrong key or for a newer version.
 * They are no protection against intent: the tag is.
 */

#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "host_key.h"
#include "instance_id.h"
#include "tpm_version.h"
#include "uuid.h"

#define VTPM_STATE_FORMAT_VERSION 1
#define VTPM_KEY_ID_SIZE 8

/* The largest file that is read at all.  */
#define VTPM_STATE_FILE_MAX ((size_t) 2 << 20)

/* What a state file says of itself, authenticated.  */
struct vtpm_state_header
{
  uint8_t uuid[VTPM_UUID_SIZE];
  uint8_t key_id[VTPM_KEY_ID_SIZE];
  uint64_t generation;
  struct vtpm_instance_id id;
};

/* Why a file is not accepted.  vtpm_error_errnum of the error is the same, so
   that callers and tests can tell them apart.  */
enum vtpm_state_fault
{
  VTPM_STATE_NOT_STATE = EILSEQ,     /* the magic is missing */
  VTPM_STATE_DAMAGED = EBADMSG,      /* a checksum is wrong */
  VTPM_STATE_TRUNCATED = ENODATA,    /* shorter than it says */
  VTPM_STATE_NEWER = EPROTONOSUPPORT, /* a later version of this program wrote it */
  VTPM_STATE_WRONG_KEY = ENOKEY,     /* encrypted under a key that we do not have */
  VTPM_STATE_FORGED = EKEYREJECTED,  /* the tag is wrong though the checksums are right */
  VTPM_STATE_FOREIGN = EXDEV,        /* another instance's */
  VTPM_STATE_ROLLED_BACK = ESTALE,   /* older than what has been on disk */
  VTPM_STATE_MISSING = EIDRM,        /* there was one, and now there is none */
  VTPM_STATE_WRONG_VERSION = EPROTOTYPE, /* of a TPM 1.2 instead of 2.0, or the reverse */
};

void vtpm_host_key_id (const uint8_t key[VTPM_HOST_KEY_SIZE], uint8_t id[VTPM_KEY_ID_SIZE]);

/* An instance's own key, and the id of the host key it comes from.  */
struct vtpm_instance_key
{
  uint8_t key_id[VTPM_KEY_ID_SIZE];
  uint8_t key[32];
};

int vtpm_instance_key_derive (const uint8_t host_key[VTPM_HOST_KEY_SIZE],
                              const uint8_t uuid[VTPM_UUID_SIZE], struct vtpm_instance_key *key,
                              struct vtpm_error **error);

/* The same for the one of KEYS that HEADER says, or for the first if it says none of
   them.  */
int vtpm_instance_key_choose (const struct vtpm_state_header *header,
                              const struct vtpm_host_keys *keys, struct vtpm_instance_key *key,
                              struct vtpm_error **error);

/* Overwrites it; also a cleanup function.  */
void vtpm_instance_key_wipe (struct vtpm_instance_key *key);

#define _cleanup_instance_key_ VTPM_CLEANUP (vtpm_instance_key_wipe)

/* Reads the header and checks both checksums, without a key.  WHAT names the
   file in messages.  */
int vtpm_state_file_inspect (const uint8_t *file, size_t size, const char *what,
                             struct vtpm_state_header *header, struct vtpm_error **error);

/* Makes a file.  HEADER's key id is taken from KEY.  The caller frees *FILE.  */
int vtpm_state_file_seal (const struct vtpm_state_header *header,
                          const struct vtpm_instance_key *key, enum vtpm_tpm_version version,
                          const uint8_t *permanent, size_t permanent_size, uint8_t **file,
                          size_t *size, struct vtpm_error **error);

/* Checks and decrypts a file.  *PERMANENT is to be wiped and freed by the
   caller.  */
int vtpm_state_file_unseal (const uint8_t *file, size_t size, const char *what,
                            const struct vtpm_instance_key *key, enum vtpm_tpm_version *version,
                            uint8_t **permanent, size_t *permanent_size,
                            struct vtpm_error **error);

#endif
