/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "state_file.h"

#include <inttypes.h>
#include <string.h>
#include <sys/random.h>

#include "big_endian.h"
#include "state_crypto.h"

#define MAGIC_SIZE 8
#define HEADER_CHECKSUM_SIZE 8
#define CHECKSUM_SIZE VTPM_CRYPTO_DIGEST_SIZE
#define VERSION_BYTE_SIZE 1

#define INSTANCE_KEY_INFO "oci-vtpm state 1"
#define KEY_ID_INFO "oci-vtpm host key id"

enum
{
  MAGIC_OFFSET = 0,
  FORMAT_OFFSET = 8,
  HEADER_SIZE_OFFSET = 12,
  FILE_SIZE_OFFSET = 16,
  HEADER_CHECKSUM_OFFSET = 24,
  UUID_OFFSET = 32,
  KEY_ID_OFFSET = 48,
  GENERATION_OFFSET = 56,
  NONCE_OFFSET = 64,
  SCOPE_OFFSET = 76, /* where the fixed part ends */
};

/* What every format version has in front.  */
#define COMMON_SIZE UUID_OFFSET

/* Everything but the header and the permanent state.  */
#define OVERHEAD (VERSION_BYTE_SIZE + VTPM_CRYPTO_TAG_SIZE + CHECKSUM_SIZE)

static const uint8_t magic[MAGIC_SIZE] = { 'O', 'C', 'I', '-', 'v', 'T', 'P', 'M' };

static int
derive_key_id (const uint8_t key[VTPM_HOST_KEY_SIZE], uint8_t id[VTPM_KEY_ID_SIZE],
               struct vtpm_error **error)
{
  return vtpm_crypto_hkdf (key, VTPM_HOST_KEY_SIZE, NULL, 0, KEY_ID_INFO, id, VTPM_KEY_ID_SIZE,
                           error);
}

void
vtpm_host_key_id (const uint8_t key[VTPM_HOST_KEY_SIZE], uint8_t id[VTPM_KEY_ID_SIZE])
{
  if (derive_key_id (key, id, NULL) < 0)
    memset (id, 0, VTPM_KEY_ID_SIZE);
}

int
vtpm_instance_key_derive (const uint8_t host_key[VTPM_HOST_KEY_SIZE],
                          const uint8_t uuid[VTPM_UUID_SIZE], struct vtpm_instance_key *key,
                          struct vtpm_error **error)
{
  if (derive_key_id (host_key, key->key_id, error) < 0)
    return -1;
  return vtpm_crypto_hkdf (host_key, VTPM_HOST_KEY_SIZE, uuid, VTPM_UUID_SIZE, INSTANCE_KEY_INFO,
                           key->key, sizeof (key->key), error);
}

int
vtpm_instance_key_choose (const struct vtpm_state_header *header,
                          const struct vtpm_host_keys *keys, struct vtpm_instance_key *key,
                          struct vtpm_error **error)
{
  for (size_t i = keys->count; i-- > 0;)
    {
      if (vtpm_instance_key_derive (keys->key[i], header->uuid, key, error) < 0)
        return -1;
      if (memcmp (key->key_id, header->key_id, VTPM_KEY_ID_SIZE) == 0)
        return 0;
    }
  return 0;
}

void
vtpm_instance_key_wipe (struct vtpm_instance_key *key)
{
  explicit_bzero (key, sizeof (*key));
}

static int
set_malformed (const char *what, struct vtpm_error **error)
{
  return vtpm_error_set_plain (error, VTPM_STATE_DAMAGED, "%s: damaged: its header is malformed",
                               what);
}

/* The first bytes, of which only their number is known.  */
static int
check_start (const uint8_t *file, size_t size, const char *what, struct vtpm_error **error)
{
  uint8_t digest[VTPM_CRYPTO_DIGEST_SIZE];

  if (size == 0)
    return vtpm_error_set_plain (error, VTPM_STATE_TRUNCATED, "%s: truncated: it is empty", what);
  if (memcmp (file, magic, size < MAGIC_SIZE ? size : MAGIC_SIZE) != 0)
    return vtpm_error_set_plain (error, VTPM_STATE_NOT_STATE, "%s: not a vTPM's state", what);
  if (size < COMMON_SIZE)
    return vtpm_error_set_plain (error, VTPM_STATE_TRUNCATED, "%s: truncated: only %zu bytes of it",
                                 what, size);
  if (vtpm_crypto_sha256 (file, HEADER_CHECKSUM_OFFSET, digest, error) < 0)
    return vtpm_error_wrap (error, "%s", what);
  if (memcmp (file + HEADER_CHECKSUM_OFFSET, digest, HEADER_CHECKSUM_SIZE) != 0)
    return vtpm_error_set_plain (error, VTPM_STATE_DAMAGED,
                                 "%s: damaged: the checksum of its header is wrong", what);
  return 0;
}

static int
check_rest (const uint8_t *file, size_t size, const char *what, struct vtpm_error **error)
{
  uint64_t expected = vtpm_get_be64 (file + FILE_SIZE_OFFSET);
  uint8_t digest[VTPM_CRYPTO_DIGEST_SIZE];

  if (size < expected)
    return vtpm_error_set_plain (error, VTPM_STATE_TRUNCATED,
                                 "%s: truncated: %zu of %" PRIu64 " bytes", what, size, expected);
  if (size > expected)
    return vtpm_error_set_plain (error, VTPM_STATE_DAMAGED,
                                 "%s: damaged: it has %zu bytes instead of %" PRIu64, what, size,
                                 expected);
  if (size < COMMON_SIZE + CHECKSUM_SIZE)
    return set_malformed (what, error);
  if (vtpm_crypto_sha256 (file, size - CHECKSUM_SIZE, digest, error) < 0)
    return vtpm_error_wrap (error, "%s", what);
  if (memcmp (file + size - CHECKSUM_SIZE, digest, CHECKSUM_SIZE) != 0)
    return vtpm_error_set_plain (error, VTPM_STATE_DAMAGED, "%s: damaged: its checksum is wrong",
                                 what);
  return 0;
}

/* Reads a length and that many bytes at *OFFSET, which must end before END.  */
static int
read_name (const uint8_t *file, size_t end, size_t *offset, char *name, size_t name_size)
{
  size_t length;

  if (*offset >= end)
    return -1;
  length = file[(*offset)++];
  if (length >= name_size || length > end - *offset || memchr (file + *offset, 0, length) != NULL)
    return -1;
  memcpy (name, file + *offset, length);
  name[length] = '\0';
  *offset += length;
  return 0;
}

/* The names end up in messages and are compared: only well-formed ones get
   out of here.  */
static int
read_id (const uint8_t *file, size_t header_size, struct vtpm_instance_id *id)
{
  char text[VTPM_INSTANCE_ID_TEXT_SIZE];
  struct vtpm_instance_id found;
  size_t offset = SCOPE_OFFSET;

  if (read_name (file, header_size, &offset, found.scope, sizeof (found.scope)) < 0
      || read_name (file, header_size, &offset, found.name, sizeof (found.name)) < 0
      || offset != header_size)
    return -1;
  return vtpm_instance_id_parse (vtpm_instance_id_format (&found, text), id, NULL);
}

int
vtpm_state_file_inspect (const uint8_t *file, size_t size, const char *what,
                         struct vtpm_state_header *header, struct vtpm_error **error)
{
  struct vtpm_state_header found;
  uint32_t format, header_size;

  if (check_start (file, size, what, error) < 0 || check_rest (file, size, what, error) < 0)
    return -1;
  format = vtpm_get_be32 (file + FORMAT_OFFSET);
  if (format > VTPM_STATE_FORMAT_VERSION)
    return vtpm_error_set_plain (error, VTPM_STATE_NEWER,
                                 "%s: written by a newer version (format %" PRIu32
                                 "; this one knows %d)",
                                 what, format, VTPM_STATE_FORMAT_VERSION);
  header_size = vtpm_get_be32 (file + HEADER_SIZE_OFFSET);
  if (format == 0 || size > VTPM_STATE_FILE_MAX || size < OVERHEAD || header_size < SCOPE_OFFSET
      || header_size > size - OVERHEAD)
    return set_malformed (what, error);
  memcpy (found.uuid, file + UUID_OFFSET, VTPM_UUID_SIZE);
  memcpy (found.key_id, file + KEY_ID_OFFSET, VTPM_KEY_ID_SIZE);
  found.generation = vtpm_get_be64 (file + GENERATION_OFFSET);
  if (found.generation == 0 || read_id (file, header_size, &found.id) < 0)
    return set_malformed (what, error);
  *header = found;
  return 0;
}

static size_t
write_name (const char *name, uint8_t *bytes)
{
  size_t length = strlen (name);

  bytes[0] = (uint8_t) length;
  memcpy (bytes + 1, name, length);
  return 1 + length;
}

/* Returns the header's size.  */
static size_t
write_header (const struct vtpm_state_header *header, const uint8_t key_id[VTPM_KEY_ID_SIZE],
              uint8_t *file)
{
  size_t offset = SCOPE_OFFSET;

  memcpy (file + MAGIC_OFFSET, magic, MAGIC_SIZE);
  vtpm_put_be32 (file + FORMAT_OFFSET, VTPM_STATE_FORMAT_VERSION);
  memcpy (file + UUID_OFFSET, header->uuid, VTPM_UUID_SIZE);
  memcpy (file + KEY_ID_OFFSET, key_id, VTPM_KEY_ID_SIZE);
  vtpm_put_be64 (file + GENERATION_OFFSET, header->generation);
  offset += write_name (header->id.scope, file + offset);
  offset += write_name (header->id.name, file + offset);
  vtpm_put_be32 (file + HEADER_SIZE_OFFSET, (uint32_t) offset);
  return offset;
}

/* FILE has a header, and gets the rest: all SIZE bytes.  */
static int
fill (uint8_t *file, size_t size, size_t header_size, const struct vtpm_instance_key *key,
      uint8_t version, struct vtpm_crypto_bytes permanent, struct vtpm_error **error)
{
  const struct vtpm_crypto_gcm gcm = { key->key, file + NONCE_OFFSET, { file, header_size } };
  uint8_t digest[VTPM_CRYPTO_DIGEST_SIZE];

  vtpm_put_be64 (file + FILE_SIZE_OFFSET, size);
  if (getrandom (file + NONCE_OFFSET, VTPM_CRYPTO_NONCE_SIZE, 0) != VTPM_CRYPTO_NONCE_SIZE)
    return vtpm_error_set (error, errno, "cannot get random bytes");
  if (vtpm_crypto_sha256 (file, HEADER_CHECKSUM_OFFSET, digest, error) < 0)
    return -1;
  memcpy (file + HEADER_CHECKSUM_OFFSET, digest, HEADER_CHECKSUM_SIZE);
  if (vtpm_crypto_encrypt (&gcm, (struct vtpm_crypto_bytes) { &version, sizeof (version) },
                           permanent, file + header_size, error)
      < 0)
    return -1;
  return vtpm_crypto_sha256 (file, size - CHECKSUM_SIZE, file + size - CHECKSUM_SIZE, error);
}

int
vtpm_state_file_seal (const struct vtpm_state_header *header, const struct vtpm_instance_key *key,
                      enum vtpm_tpm_version version, const uint8_t *permanent,
                      size_t permanent_size, uint8_t **file, size_t *size,
                      struct vtpm_error **error)
{
  const size_t header_max = SCOPE_OFFSET + 2 + VTPM_SCOPE_MAX + VTPM_INSTANCE_NAME_MAX;
  _cleanup_free_ uint8_t *made = NULL;
  size_t header_size, made_size;

  if (permanent_size > VTPM_STATE_FILE_MAX - header_max - OVERHEAD)
    return vtpm_error_set_plain (error, EFBIG, "a state of %zu bytes is too large", permanent_size);
  made = malloc (header_max + OVERHEAD + permanent_size);
  if (made == NULL)
    return vtpm_error_set (error, ENOMEM, "cannot encrypt a state of %zu bytes", permanent_size);
  header_size = write_header (header, key->key_id, made);
  made_size = header_size + OVERHEAD + permanent_size;
  if (fill (made, made_size, header_size, key, (uint8_t) version,
            (struct vtpm_crypto_bytes) { permanent, permanent_size }, error)
      < 0)
    return -1;
  *file = vtpm_steal_pointer (&made);
  *size = made_size;
  return 0;
}

static void
format_key_id (const uint8_t id[VTPM_KEY_ID_SIZE], char text[2 * VTPM_KEY_ID_SIZE + 1])
{
  for (size_t i = 0; i < VTPM_KEY_ID_SIZE; i++)
    snprintf (text + 2 * i, 3, "%02x", id[i]);
}

static int
check_key_id (const struct vtpm_state_header *header, const struct vtpm_instance_key *key,
              const char *what, struct vtpm_error **error)
{
  char theirs[2 * VTPM_KEY_ID_SIZE + 1], ours[2 * VTPM_KEY_ID_SIZE + 1];

  if (memcmp (header->key_id, key->key_id, VTPM_KEY_ID_SIZE) == 0)
    return 0;
  format_key_id (header->key_id, theirs);
  format_key_id (key->key_id, ours);
  return vtpm_error_set_plain (error, VTPM_STATE_WRONG_KEY,
                               "%s: is encrypted under host key %s, this host's key is %s", what,
                               theirs, ours);
}

/* BODY has room for all but the version byte.  */
static int
decrypt (const uint8_t *file, struct vtpm_crypto_bytes ciphertext, const char *what,
         const struct vtpm_instance_key *key, enum vtpm_tpm_version *version, uint8_t *body,
         struct vtpm_error **error)
{
  const struct vtpm_crypto_gcm gcm
      = { key->key, file + NONCE_OFFSET, { file, (size_t) (ciphertext.data - file) } };
  uint8_t version_byte;
  bool authentic;

  if (vtpm_crypto_decrypt (&gcm, ciphertext, &version_byte, VERSION_BYTE_SIZE, body, &authentic,
                           error)
      < 0)
    return vtpm_error_wrap (error, "%s", what);
  if (!authentic)
    return vtpm_error_set_plain (error, VTPM_STATE_FORGED,
                                 "%s: forged: somebody without the key has changed it", what);
  if (version_byte != VTPM_TPM_2_0 && version_byte != VTPM_TPM_1_2)
    return vtpm_error_set_plain (error, VTPM_STATE_DAMAGED,
                                 "%s: damaged: its TPM is of no known version", what);
  *version = (enum vtpm_tpm_version) version_byte;
  return 0;
}

int
vtpm_state_file_unseal (const uint8_t *file, size_t size, const char *what,
                        const struct vtpm_instance_key *key, enum vtpm_tpm_version *version,
                        uint8_t **permanent, size_t *permanent_size, struct vtpm_error **error)
{
  struct vtpm_state_header header;
  struct vtpm_crypto_bytes ciphertext;
  size_t header_size, body_size;
  uint8_t *body;

  if (vtpm_state_file_inspect (file, size, what, &header, error) < 0
      || check_key_id (&header, key, what, error) < 0)
    return -1;
  header_size = vtpm_get_be32 (file + HEADER_SIZE_OFFSET);
  body_size = size - header_size - OVERHEAD;
  body = calloc (1, body_size + 1);
  if (body == NULL)
    return vtpm_error_set (error, ENOMEM, "%s", what);
  ciphertext.data = file + header_size;
  ciphertext.size = size - header_size - CHECKSUM_SIZE;
  if (decrypt (file, ciphertext, what, key, version, body, error) < 0)
    {
      explicit_bzero (body, body_size);
      free (body);
      return -1;
    }
  *permanent = body;
  *permanent_size = body_size;
  return 0;
}
