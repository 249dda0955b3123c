/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "swtpm_file.h"

#include <fcntl.h>
#include <openssl/sha.h>

#include "expect_error.h"

static const struct vtpm_transfer_secret no_secret;

static struct vtpm_transfer_secret
key_of (size_t size, uint8_t last)
{
  struct vtpm_transfer_secret secret = { .kind = VTPM_TRANSFER_KEY, .key.size = size };

  secret.key.bytes[size - 1] = last;
  return secret;
}

static struct vtpm_transfer_secret
password (const char *text)
{
  struct vtpm_transfer_secret secret
      = { .kind = VTPM_TRANSFER_PASSWORD, .password_size = strlen (text) };

  memcpy (secret.password, text, strlen (text));
  return secret;
}

static struct vtpm_secret_bytes
read_sample (const char *name)
{
  struct vtpm_secret_bytes bytes = { malloc (4096), 0 };
  char path[256];
  ssize_t size;
  int fd;

  snprintf (path, sizeof (path), "%s/%s", SWTPM_SAMPLES, name);
  fd = open (path, O_RDONLY | O_CLOEXEC);
  cr_assert_geq (fd, 0, "%s", path);
  size = read (fd, bytes.data, 4096);
  cr_assert_gt (size, 0, "%s", path);
  close (fd);
  bytes.size = (size_t) size;
  return bytes;
}

static void
expect_hash (const struct vtpm_secret_bytes *bytes, const char *expected, const char *what)
{
  unsigned char hash[SHA256_DIGEST_LENGTH];
  char text[2 * SHA256_DIGEST_LENGTH + 1];

  SHA256 (bytes->data, bytes->size, hash);
  for (size_t i = 0; i < sizeof (hash); i++)
    sprintf (text + 2 * i, "%02x", hash[i]);
  cr_expect_str_eq (text, expected, "%s", what);
}

/* The hashes are of what openssl(1) decrypts.  */
Test (swtpm_file, opens_what_swtpm_wrote)
{
  const struct
  {
    const char *name;
    struct vtpm_transfer_secret secret;
    const char *hash;
  } cases[] = {
    { "plain-2.0", no_secret, "92a5f466435b602ec8496a2f1d8e9812f55dc2409632cdf007d1739c190daa51" },
    { "plain-1.2", no_secret, "2c5482bd40aba762127d0f329929d5d690175987343e9219e515ed6453a89f14" },
    { "key-2.0", key_of (32, 1),
      "c77c5d21730f5aa445b9d9f6f49cb2fc51c9ae4b0256c35b33c9f197098cd597" },
    { "password-2.0", password ("a passphrase"),
      "49108fe4caa41619b20b5b2cf9937f54e2ef603d1eb5854f1d04c995a0a6681c" },
    { "sha512-2.0", password ("a passphrase"),
      "7d941da675ea37aa3a9773a6c7cee2994f81d53920b933b7760fcd2b11a16dd7" },
  };

  for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++)
    {
      _cleanup_secret_bytes_ struct vtpm_secret_bytes file = read_sample (cases[i].name);
      _cleanup_secret_bytes_ struct vtpm_secret_bytes state = { 0 };

      cr_expect (vtpm_swtpm_file_looks_like_one (file.data, file.size));
      assert_success (vtpm_swtpm_file_open (file.data, file.size, cases[i].name, &cases[i].secret,
                                            &state, &error));
      expect_hash (&state, cases[i].hash, cases[i].name);
    }
}

/* swtpm writes the same, byte for byte.  */
Test (swtpm_file, makes_what_swtpm_makes)
{
  _cleanup_secret_bytes_ struct vtpm_secret_bytes file = read_sample ("plain-2.0");
  _cleanup_secret_bytes_ struct vtpm_secret_bytes state = { 0 };
  _cleanup_secret_bytes_ struct vtpm_secret_bytes made = { 0 };

  assert_success (
      vtpm_swtpm_file_open (file.data, file.size, "plain", &no_secret, &state, &error));
  assert_success (vtpm_swtpm_file_make (&state, &no_secret, &made, &error));
  cr_expect_arr_eq (made.data, file.data, file.size);
  cr_expect_eq (made.size, file.size);
}

Test (swtpm_file, opens_what_it_makes)
{
  const struct vtpm_transfer_secret secrets[]
      = { no_secret, key_of (16, 9), key_of (32, 9), password ("pass") };

  for (size_t i = 0; i < sizeof (secrets) / sizeof (secrets[0]); i++)
    for (size_t size = 1; size < 100; size++)
      {
        uint8_t bytes[100];
        const struct vtpm_secret_bytes state = { bytes, size };
        _cleanup_secret_bytes_ struct vtpm_secret_bytes file = { 0 };
        _cleanup_secret_bytes_ struct vtpm_secret_bytes opened = { 0 };

        memset (bytes, (int) size, sizeof (bytes)); /* may well look like padding */
        assert_success (vtpm_swtpm_file_make (&state, &secrets[i], &file, &error));
        assert_success (vtpm_swtpm_file_open (file.data, file.size, "made", &secrets[i], &opened,
                                              &error));
        cr_assert_eq (opened.size, size);
        cr_assert_arr_eq (opened.data, bytes, size);
      }
}

Test (swtpm_file, encrypts_anew_each_time)
{
  uint8_t bytes[64] = { 0 };
  const struct vtpm_secret_bytes state = { bytes, sizeof (bytes) };
  const struct vtpm_transfer_secret secret = key_of (32, 9);
  _cleanup_secret_bytes_ struct vtpm_secret_bytes one = { 0 };
  _cleanup_secret_bytes_ struct vtpm_secret_bytes other = { 0 };

  assert_success (vtpm_swtpm_file_make (&state, &secret, &one, &error));
  assert_success (vtpm_swtpm_file_make (&state, &secret, &other, &error));
  cr_assert_eq (one.size, other.size);
  cr_expect_arr_neq (one.data + 16, other.data + 16, 32);
}

Test (swtpm_file, makes_none_that_is_too_large)
{
  struct vtpm_secret_bytes state = { malloc (2 << 20), 2 << 20 };
  struct vtpm_secret_bytes file = { 0 };

  memset (state.data, 0, state.size);
  expect_error (vtpm_swtpm_file_make (&state, &no_secret, &file, &error), EFBIG,
                "a state file of 2097168 bytes is too large");
  vtpm_secret_bytes_clear (&state);
  cr_expect_null (file.data);
}

Test (swtpm_file, wants_the_right_secret)
{
  const struct
  {
    const char *name;
    struct vtpm_transfer_secret secret;
    const char *message;
  } cases[] = {
    { "key-2.0", no_secret, "key-2.0 is encrypted: its key or password is needed" },
    { "key-2.0", key_of (32, 2), "key-2.0: the key or password is another one" },
    { "key-2.0", key_of (16, 1), "key-2.0 is encrypted under a key of 32 bytes, and the one given "
                                 "has 16" },
    { "key-2.0", password ("a passphrase"), "the key or password is another one" },
    { "sha512-2.0", password ("a passphrase\n"), "the key or password is another one" },
    { "sha512-2.0", key_of (32, 1), "a key of 16 bytes, and the one given has 32" },
    { "plain-2.0", key_of (32, 1), "plain-2.0 is not encrypted, though a key or password" },
    { "plain-1.2", password ("a"), "plain-1.2 is not encrypted" },
  };

  for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++)
    {
      _cleanup_secret_bytes_ struct vtpm_secret_bytes file = read_sample (cases[i].name);
      struct vtpm_secret_bytes state = { 0 };

      expect_error (vtpm_swtpm_file_open (file.data, file.size, cases[i].name, &cases[i].secret,
                                          &state, &error),
                    ENOKEY, cases[i].message);
      cr_expect_null (state.data);
    }
}

#define HEADER(version, oldest, header_size, flags, total) \
  version, oldest, 0, header_size, 0, flags, 0, 0, 0, total
#define RECORD(tag, length) 0, tag, 0, 0, 0, length
#define PLAIN(total) HEADER (2, 1, 10, 0, total)
#define BYTES(...) { __VA_ARGS__ }, sizeof ((uint8_t[]) { __VA_ARGS__ })

/* Each has just one thing wrong.  */
Test (swtpm_file, refuses_what_is_not_well_formed)
{
  static const struct
  {
    uint8_t bytes[48];
    size_t size;
    int errnum;
    const char *message;
  } cases[] = {
    { BYTES (2, 1, 0, 10, 0, 0, 0, 0, 0), EILSEQ, "f is not a state file of swtpm" },
    { BYTES ('O', 'C', 'I', '-', 'v', 'T', 'P', 'M', 0, 0, 0, 1), EILSEQ, "is not a state file" },
    { BYTES (HEADER (2, 1, 11, 0, 11), 0), EILSEQ, "is not a state file" },
    { BYTES (HEADER (0, 0, 10, 0, 10)), EILSEQ, "is not a state file" },
    { BYTES (HEADER (2, 3, 10, 0, 10)), EILSEQ, "is not a state file" },
    { BYTES (HEADER (1, 1, 10, 0, 11), 9), EPROTONOSUPPORT, "version 1 of swtpm's format is too" },
    { BYTES (HEADER (9, 3, 10, 0, 10)), EPROTONOSUPPORT, "version 9 of swtpm's format is not" },
    { BYTES (HEADER (2, 1, 10, 4, 10)), EPROTONOSUPPORT, "flags 0x4: this is not a file of a" },
    { BYTES (HEADER (2, 1, 10, 2, 10)), EPROTONOSUPPORT, "flags 0x2" },
    { BYTES (HEADER (2, 1, 10, 0x20, 10)), EPROTONOSUPPORT, "flags 0x20" },
    { BYTES (2, 1, 0, 10, 0x80, 0, 0, 0, 0, 10), EPROTONOSUPPORT, "flags 0x8000" },
    { BYTES (PLAIN (17), RECORD (1, 1)), ENODATA, "f is truncated: 16 bytes instead of 17" },
    { BYTES (2, 1, 0, 10, 0, 0, 255, 255, 255, 255), ENODATA, "instead of 4294967295" },
    { BYTES (PLAIN (17), RECORD (1, 1), 7, 7), EBADMSG, "f is damaged: 18 bytes instead of 17" },
    { BYTES (PLAIN (0), RECORD (1, 1), 7), EBADMSG, "17 bytes instead of 0" },
    { BYTES (PLAIN (10)), EBADMSG, "f is damaged: record 1 is missing" },
    { BYTES (PLAIN (16), RECORD (1, 0)), EBADMSG, "record 1 has 0 bytes" },
    { BYTES (PLAIN (17), RECORD (9, 1), 7), EBADMSG, "record 1 is missing" },
    { BYTES (PLAIN (17), RECORD (2, 1), 7), EBADMSG, "record 1 is missing" },
    { BYTES (PLAIN (17), RECORD (1, 2), 7), EBADMSG, "2 bytes of record 1 at offset 16" },
    { BYTES (PLAIN (17), 0, 1, 255, 255, 255, 255, 7), EBADMSG, "4294967295 bytes of record 1" },
    { BYTES (PLAIN (17), 0, 1, 255, 255, 255, 240, 7), EBADMSG, "bytes of record 1 at offset 16" },
    { BYTES (PLAIN (22), RECORD (1, 1), 7, 0, 9, 0, 0, 0), EBADMSG, "no room for a record at "
                                                                    "offset 17" },
    { BYTES (PLAIN (18), RECORD (1, 1), 7, 0), EBADMSG, "no room for a record at offset 17" },
    { BYTES (PLAIN (24), RECORD (1, 1), 7, RECORD (1, 1), 8), EBADMSG, "record 1 is there twice" },
  };

  for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++)
    {
      /* Of exactly the size, for the sanitizer.  */
      _cleanup_free_ uint8_t *file = malloc (cases[i].size);
      struct vtpm_secret_bytes state = { 0 };

      memcpy (file, cases[i].bytes, cases[i].size);
      expect_error (
          vtpm_swtpm_file_open (file, cases[i].size, "f", &no_secret, &state, &error),
          cases[i].errnum, cases[i].message);
      cr_expect_null (state.data);
    }
}

#define ENCRYPTED(total) HEADER (2, 1, 10, 1, total)

Test (swtpm_file, refuses_half_an_encryption)
{
  static const struct
  {
    uint8_t bytes[96];
    size_t size;
    const char *message;
  } cases[] = {
    { BYTES (ENCRYPTED (17), RECORD (1, 1), 7), "record 2 is missing" },
    { BYTES (ENCRYPTED (17), RECORD (2, 1), 7), "record 3 is missing" },
    { BYTES (ENCRYPTED (16), RECORD (2, 0)), "record 2 has 0 bytes" },
    { BYTES (ENCRYPTED (24), RECORD (2, 1), 7, RECORD (3, 1), 7), "record 3 has 1 bytes" },
    { { ENCRYPTED (55), RECORD (2, 1), 7, RECORD (3, 32) }, 55, "record 6 is missing" },
    { { ENCRYPTED (62),
        RECORD (2, 1), 7, RECORD (6, 1), 7, RECORD (3, 32) }, 62, "record 6 has 1 bytes" },
  };
  const struct vtpm_transfer_secret secret = key_of (16, 1);

  for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++)
    {
      struct vtpm_secret_bytes state = { 0 };

      expect_error (vtpm_swtpm_file_open (cases[i].bytes, cases[i].size, "f", &secret, &state,
                                          &error),
                    EBADMSG, cases[i].message);
    }
}

/* Whatever happens to an encrypted file, it is noticed.  The oldest reader's version is
   the one byte without a meaning to us when it shrinks.  */
Test (swtpm_file, notices_any_change)
{
  _cleanup_secret_bytes_ struct vtpm_secret_bytes file = read_sample ("key-2.0");
  const struct vtpm_transfer_secret secret = key_of (32, 1);

  for (size_t i = 0; i < file.size; i++)
    for (int bit = 0; bit < 8; bit++)
      {
        _cleanup_secret_bytes_ struct vtpm_secret_bytes state = { 0 };

        file.data[i] ^= (uint8_t) (1 << bit);
        if (i > 1)
          cr_expect_eq (vtpm_swtpm_file_open (file.data, file.size, "f", &secret, &state, NULL),
                        -1, "bit %d of byte %zu", bit, i);
        file.data[i] ^= (uint8_t) (1 << bit);
      }
}

Test (swtpm_file, notices_any_truncation)
{
  static const char *const names[] = { "plain-2.0", "plain-1.2" };

  for (size_t i = 0; i < sizeof (names) / sizeof (names[0]); i++)
    {
      _cleanup_secret_bytes_ struct vtpm_secret_bytes file = read_sample (names[i]);

      for (size_t size = 0; size < file.size; size++)
        {
          _cleanup_free_ uint8_t *part = malloc (size + 1);
          struct vtpm_secret_bytes state = { 0 };

          memcpy (part, file.data, size);
          expect_error (vtpm_swtpm_file_open (part, size, "f", &no_secret, &state, &error),
                        size < 10 ? EILSEQ : ENODATA, "f is ");
        }
    }
}
