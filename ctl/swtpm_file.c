/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "swtpm_file.h"

#include "big_endian.h"
#include "state_file.h"
#include "swtpm_cipher.h"

#define HEADER_SIZE 10
#define RECORD_HEADER_SIZE 6
#define FORMAT_VERSION 2

enum flag
{
  FLAG_ENCRYPTED = 1,
  FLAG_KEY_OF_256_BITS = 8,
};

enum tag
{
  TAG_STATE = 1,
  TAG_CIPHERTEXT = 2,
  TAG_HMAC = 3,
  TAG_IV = 6,
  TAG_COUNT = 7, /* others are of no interest in a file */
};

struct header
{
  uint8_t version;
  uint8_t oldest_reader;
  uint16_t size;
  uint16_t flags;
  uint32_t total;
};

struct record
{
  const uint8_t *value; /* NULL: there is none */
  size_t size;
};

static struct header
parse_header (const uint8_t *file)
{
  return (struct header) {
    .version = file[0],
    .oldest_reader = file[1],
    .size = vtpm_get_be16 (file + 2),
    .flags = vtpm_get_be16 (file + 4),
    .total = vtpm_get_be32 (file + 6),
  };
}

bool
vtpm_swtpm_file_looks_like_one (const uint8_t *file, size_t size)
{
  return size >= HEADER_SIZE && file[0] >= 1 && file[1] >= 1 && file[1] <= file[0]
         && vtpm_get_be16 (file + 2) == HEADER_SIZE;
}

static int
check_header (const struct header *header, size_t size, const char *what,
              struct vtpm_error **error)
{
  if (header->oldest_reader > FORMAT_VERSION)
    return vtpm_error_set_plain (error, EPROTONOSUPPORT,
                                 "%s: version %u of swtpm's format is not known here", what,
                                 header->version);
  if (header->version < FORMAT_VERSION)
    return vtpm_error_set_plain (error, EPROTONOSUPPORT,
                                 "%s: version 1 of swtpm's format is too old: run a newer swtpm on "
                                 "it once",
                                 what);
  if (header->total > size)
    return vtpm_error_set_plain (error, ENODATA, "%s is truncated: %zu bytes instead of %u", what,
                                 size, header->total);
  if (header->total < size)
    return vtpm_error_set_plain (error, EBADMSG, "%s is damaged: %zu bytes instead of %u", what,
                                 size, header->total);
  if ((header->flags & ~(FLAG_ENCRYPTED | FLAG_KEY_OF_256_BITS)) != 0)
    return vtpm_error_set_plain (error, EPROTONOSUPPORT,
                                 "%s: flags %#x: this is not a file of a state directory", what,
                                 (unsigned int) header->flags);
  return 0;
}

/* Whoever writes a record twice wants two readers to see two different
   things.  */
static int
find_records (const uint8_t *file, size_t size, const char *what,
              struct record records[TAG_COUNT], struct vtpm_error **error)
{
  size_t offset = HEADER_SIZE;

  while (offset < size)
    {
      struct record record;
      uint16_t tag;

      if (size - offset < RECORD_HEADER_SIZE)
        return vtpm_error_set_plain (error, EBADMSG, "%s is damaged: no room for a record at "
                                                     "offset %zu",
                                     what, offset);
      tag = vtpm_get_be16 (file + offset);
      record = (struct record) { .value = file + offset + RECORD_HEADER_SIZE,
                                 .size = vtpm_get_be32 (file + offset + 2) };
      offset += RECORD_HEADER_SIZE;
      if (record.size > size - offset)
        return vtpm_error_set_plain (error, EBADMSG,
                                     "%s is damaged: %zu bytes of record %u at offset %zu", what,
                                     record.size, tag, offset);
      offset += record.size;
      if (tag >= TAG_COUNT)
        continue;
      if (records[tag].value != NULL)
        return vtpm_error_set_plain (error, EBADMSG, "%s is damaged: record %u is there twice",
                                     what, tag);
      records[tag] = record;
    }
  return 0;
}

static int
need_record (const struct record records[TAG_COUNT], enum tag tag, size_t size, const char *what,
             struct vtpm_error **error)
{
  if (records[tag].value == NULL)
    return vtpm_error_set_plain (error, EBADMSG, "%s is damaged: record %d is missing", what, tag);
  if (records[tag].size == 0 || (size != 0 && records[tag].size != size))
    return vtpm_error_set_plain (error, EBADMSG, "%s is damaged: record %d has %zu bytes", what,
                                 tag, records[tag].size);
  return 0;
}

static int
copy_state (const struct record *record, struct vtpm_secret_bytes *state,
            struct vtpm_error **error)
{
  state->data = malloc (record->size);
  if (state->data == NULL)
    return vtpm_error_set (error, ENOMEM, "%zu bytes", record->size);
  memcpy (state->data, record->value, record->size);
  state->size = record->size;
  return 0;
}

/* The key that the file is encrypted under, if SECRET has it: 1 or 0, or -1.  Which
   KDF was used, the file does not say: the HMAC does.  */
static int
find_key (const struct vtpm_transfer_secret *secret, size_t size,
          const struct vtpm_swtpm_ciphertext *sealed, struct vtpm_transfer_key *key,
          struct vtpm_error **error)
{
  static const enum vtpm_swtpm_kdf kdfs[] = { VTPM_SWTPM_PBKDF2, VTPM_SWTPM_SHA512 };

  if (secret->kind == VTPM_TRANSFER_KEY)
    {
      *key = secret->key;
      return vtpm_swtpm_cipher_verify (key, sealed, error);
    }
  for (size_t i = 0; i < sizeof (kdfs) / sizeof (kdfs[0]); i++)
    {
      int right;

      if (vtpm_transfer_key_derive (secret, kdfs[i], size, key, error) < 0)
        return -1;
      right = vtpm_swtpm_cipher_verify (key, sealed, error);
      if (right != 0)
        return right;
    }
  return 0;
}

static int
decrypt (const struct record records[TAG_COUNT], size_t key_size, const char *what,
         const struct vtpm_transfer_secret *secret, struct vtpm_secret_bytes *state,
         struct vtpm_error **error)
{
  _cleanup_transfer_key_ struct vtpm_transfer_key key = { 0 };
  struct vtpm_swtpm_ciphertext sealed;
  int found;

  if (need_record (records, TAG_CIPHERTEXT, 0, what, error) < 0
      || need_record (records, TAG_HMAC, VTPM_SWTPM_HMAC_SIZE, what, error) < 0
      || need_record (records, TAG_IV, key_size, what, error) < 0)
    return -1;
  if (secret->kind == VTPM_TRANSFER_KEY && secret->key.size != key_size)
    return vtpm_error_set_plain (error, ENOKEY,
                                 "%s is encrypted under a key of %zu bytes, and the one given has "
                                 "%zu",
                                 what, key_size, secret->key.size);
  sealed.text = records[TAG_CIPHERTEXT].value;
  sealed.size = records[TAG_CIPHERTEXT].size;
  memcpy (sealed.hmac, records[TAG_HMAC].value, VTPM_SWTPM_HMAC_SIZE);
  memcpy (sealed.iv, records[TAG_IV].value, key_size);
  found = find_key (secret, key_size, &sealed, &key, error);
  if (found == 0)
    return vtpm_error_set_plain (error, ENOKEY,
                                 "%s: the key or password is another one, or the file is damaged",
                                 what);
  if (found < 0 || vtpm_swtpm_cipher_decrypt (&key, &sealed, state, error) < 0)
    return vtpm_error_wrap (error, "%s", what);
  return 0;
}

int
vtpm_swtpm_file_open (const uint8_t *file, size_t size, const char *what,
                      const struct vtpm_transfer_secret *secret, struct vtpm_secret_bytes *state,
                      struct vtpm_error **error)
{
  struct record records[TAG_COUNT] = { 0 };
  struct header header;
  bool encrypted;

  if (!vtpm_swtpm_file_looks_like_one (file, size))
    return vtpm_error_set_plain (error, EILSEQ, "%s is not a state file of swtpm", what);
  header = parse_header (file);
  if (check_header (&header, size, what, error) < 0
      || find_records (file, size, what, records, error) < 0)
    return -1;
  encrypted = (header.flags & FLAG_ENCRYPTED) != 0;
  if (encrypted && secret->kind == VTPM_TRANSFER_NO_SECRET)
    return vtpm_error_set_plain (error, ENOKEY,
                                 "%s is encrypted: its key or password is needed", what);
  if (!encrypted && secret->kind != VTPM_TRANSFER_NO_SECRET)
    return vtpm_error_set_plain (error, ENOKEY,
                                 "%s is not encrypted, though a key or password was given", what);
  if (encrypted)
    return decrypt (records,
                    (header.flags & FLAG_KEY_OF_256_BITS) != 0 ? VTPM_TRANSFER_KEY_MAX
                                                               : VTPM_TRANSFER_KEY_MAX / 2,
                    what, secret, state, error);
  if (need_record (records, TAG_STATE, 0, what, error) < 0)
    return -1;
  return copy_state (&records[TAG_STATE], state, error);
}

static uint8_t *
put_record (uint8_t *to, enum tag tag, const struct record *record)
{
  to = vtpm_put_be16 (to, (uint16_t) tag);
  to = vtpm_put_be32 (to, (uint32_t) record->size);
  return (uint8_t *) memcpy (to, record->value, record->size) + record->size;
}

static int
assemble (uint16_t flags, const struct record records[TAG_COUNT], struct vtpm_secret_bytes *file,
          struct vtpm_error **error)
{
  size_t size = HEADER_SIZE;
  uint8_t *end;

  for (int tag = 0; tag < TAG_COUNT; tag++)
    size += records[tag].value != NULL ? RECORD_HEADER_SIZE + records[tag].size : 0;
  if (size > VTPM_STATE_FILE_MAX)
    return vtpm_error_set_plain (error, EFBIG, "a state file of %zu bytes is too large", size);
  file->data = malloc (size);
  if (file->data == NULL)
    return vtpm_error_set (error, ENOMEM, "%zu bytes", size);
  file->size = size;
  file->data[0] = FORMAT_VERSION;
  file->data[1] = 1;
  end = vtpm_put_be16 (file->data + 2, HEADER_SIZE);
  end = vtpm_put_be16 (end, flags);
  end = vtpm_put_be32 (end, (uint32_t) size);
  for (int tag = 0; tag < TAG_COUNT; tag++)
    if (records[tag].value != NULL)
      end = put_record (end, (enum tag) tag, &records[tag]);
  return 0;
}

int
vtpm_swtpm_file_make (const struct vtpm_secret_bytes *state,
                      const struct vtpm_transfer_secret *secret, struct vtpm_secret_bytes *file,
                      struct vtpm_error **error)
{
  _cleanup_secret_bytes_ struct vtpm_secret_bytes text = { 0 };
  _cleanup_transfer_key_ struct vtpm_transfer_key key = secret->key;
  struct record records[TAG_COUNT] = { 0 };
  struct vtpm_swtpm_ciphertext sealed;
  uint16_t flags = FLAG_ENCRYPTED;

  if (secret->kind == VTPM_TRANSFER_NO_SECRET)
    {
      records[TAG_STATE] = (struct record) { state->data, state->size };
      return assemble (0, records, file, error);
    }
  if (secret->kind == VTPM_TRANSFER_PASSWORD
      && vtpm_transfer_key_derive (secret, VTPM_SWTPM_PBKDF2, VTPM_TRANSFER_KEY_MAX, &key, error)
             < 0)
    return -1;
  if (vtpm_swtpm_cipher_encrypt (&key, state, &text, &sealed, error) < 0)
    return -1;
  records[TAG_CIPHERTEXT] = (struct record) { sealed.text, sealed.size };
  records[TAG_HMAC] = (struct record) { sealed.hmac, sizeof (sealed.hmac) };
  records[TAG_IV] = (struct record) { sealed.iv, key.size };
  if (key.size == VTPM_TRANSFER_KEY_MAX)
    flags |= FLAG_KEY_OF_256_BITS;
  return assemble (flags, records, file, error);
}
