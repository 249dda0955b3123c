/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "transfer_secret.h"

#include "expect_error.h"
#include "temp_dir.h"

TestSuite (transfer_secret, .init = make_temp_dir, .fini = remove_temp_dir);

static int
open_file (const void *content, size_t size)
{
  write_temp_file ("secret", content, size);
  return open (temp_path ("secret"), O_RDONLY | O_CLOEXEC);
}

#define DIGITS_32 "000102030405060708090a0b0c0d0e0f"
#define DIGITS_64 DIGITS_32 "101112131415161718191A1B1C1D1E1F"
#define BYTES_16 "\0\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17"

Test (transfer_secret, reads_keys)
{
  static const struct
  {
    const char *content;
    size_t content_size;
    size_t size;
  } cases[] = {
    { BYTES_16, 16, 16 },
    { BYTES_16 "\20\21\22\23\24\25\26\27\30\31\32\33\34\35\36\37", 32, 32 },
    { DIGITS_32, 32, 16 },
    { DIGITS_32 "\n", 33, 16 },
    { "0x" DIGITS_32, 34, 16 },
    { "0X" DIGITS_32 "\r\n", 36, 16 },
    { DIGITS_64, 64, 32 },
    { DIGITS_64 "\n", 65, 32 },
    { "0x" DIGITS_64 "\n", 67, 32 },
  };

  for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++)
    {
      _cleanup_close_ int fd = open_file (cases[i].content, cases[i].content_size);
      struct vtpm_transfer_key key = { 0 };

      assert_success (vtpm_transfer_key_read (fd, "key", &key, &error));
      cr_expect_eq (key.size, cases[i].size, "%zu: %zu", i, key.size);
      for (size_t b = 0; b < key.size; b++)
        cr_expect_eq (key.bytes[b], b, "%zu", i);
    }
}

Test (transfer_secret, refuses_what_is_no_key)
{
  static const struct
  {
    const char *content;
    size_t size;
  } cases[] = {
    { "", 0 },
    { BYTES_16, 15 },
    { BYTES_16 "\20", 17 },
    { DIGITS_32 "g", 33 },
    { "0x", 2 },
    { "0x" BYTES_16, 18 },
    { "  " DIGITS_32, 34 },
    { DIGITS_64 "0", 65 },
    { DIGITS_64 "00", 66 },
    { "0x" DIGITS_64 "\n" DIGITS_64, 131 },
    { DIGITS_64 "         " DIGITS_64, 137 },
    { "x" DIGITS_64, 65 },
  };

  for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++)
    {
      _cleanup_close_ int fd = open_file (cases[i].content, cases[i].size);
      struct vtpm_transfer_key key = { 0 };

      expect_error (vtpm_transfer_key_read (fd, "K", &key, &error), EINVAL, "K is no key: neither");
      cr_expect_eq (key.size, 0, "%zu", i);
    }
}

Test (transfer_secret, says_what_it_cannot_read)
{
  _cleanup_close_ int fd = open (temp_dir, O_RDONLY | O_CLOEXEC);
  struct vtpm_transfer_secret secret = { 0 };

  expect_error (vtpm_transfer_key_read (fd, "K", &secret.key, &error), EISDIR, "cannot read K");
  expect_error (vtpm_transfer_password_read (fd, "P", &secret, &error), EISDIR, "cannot read P");
}

Test (transfer_secret, reads_passwords)
{
  _cleanup_close_ int fd = open_file ("pass\0word\n", 10);
  struct vtpm_transfer_secret secret = { 0 };

  assert_success (vtpm_transfer_password_read (fd, "P", &secret, &error));
  cr_expect_eq (secret.kind, VTPM_TRANSFER_PASSWORD);
  cr_expect_eq (secret.password_size, 10);
  cr_expect_arr_eq (secret.password, "pass\0word\n", 10);
}

Test (transfer_secret, refuses_no_and_endless_passwords)
{
  static const char zeroes[VTPM_TRANSFER_PASSWORD_MAX];
  struct vtpm_transfer_secret secret = { 0 };
  _cleanup_close_ int empty = open_file ("", 0);
  _cleanup_close_ int endless = open ("/dev/zero", O_RDONLY | O_CLOEXEC);
  _cleanup_close_ int longest = -1;

  expect_error (vtpm_transfer_password_read (empty, "P", &secret, &error), EINVAL, "P is empty");
  expect_error (vtpm_transfer_password_read (endless, "P", &secret, &error), EFBIG,
                "P has 4096 bytes or more");
  cr_expect_eq (secret.kind, VTPM_TRANSFER_NO_SECRET);
  longest = open_file (zeroes, sizeof (zeroes) - 1);
  assert_success (vtpm_transfer_password_read (longest, "P", &secret, &error));
}

Test (transfer_secret, reads_at_most_one)
{
  struct vtpm_transfer_secret secret;

  write_temp_file ("key", BYTES_16, 16);
  write_temp_file ("password", "pass", 4);
  assert_success (vtpm_transfer_secret_read (NULL, NULL, &secret, &error));
  cr_expect_eq (secret.kind, VTPM_TRANSFER_NO_SECRET);
  assert_success (vtpm_transfer_secret_read (temp_path ("key"), NULL, &secret, &error));
  cr_expect_eq (secret.kind, VTPM_TRANSFER_KEY);
  cr_expect_eq (secret.key.size, 16);
  assert_success (vtpm_transfer_secret_read (NULL, temp_path ("password"), &secret, &error));
  cr_expect_eq (secret.kind, VTPM_TRANSFER_PASSWORD);
  cr_expect_eq (secret.password_size, 4);
  expect_error (vtpm_transfer_secret_read (temp_path ("password"), NULL, &secret, &error), EINVAL,
                "/password is no key");
  expect_error (vtpm_transfer_secret_read (temp_path ("no"), NULL, &secret, &error), ENOENT,
                "cannot open /");
}

Test (transfer_secret, may_be_a_host_key)
{
  struct vtpm_transfer_secret secret
      = { .kind = VTPM_TRANSFER_KEY, .key = { 32, "a key that has two and thirty le" } };
  uint8_t key[VTPM_HOST_KEY_SIZE];

  assert_success (vtpm_transfer_secret_to_host_key (&secret, key, &error));
  cr_expect_arr_eq (key, secret.key.bytes, sizeof (key));
  secret.key.size = 16;
  expect_error (vtpm_transfer_secret_to_host_key (&secret, key, &error), EINVAL,
                "has 32 bytes, and not 16");
  secret.kind = VTPM_TRANSFER_PASSWORD;
  expect_error (vtpm_transfer_secret_to_host_key (&secret, key, &error), EINVAL,
                "has a key, and no password");
}

/* From Python's hashlib.  */
Test (transfer_secret, derives_keys)
{
  static const uint8_t pbkdf2[] = { 0xe7, 0xe0, 0xe1, 0xe0 };
  static const uint8_t sha512[] = { 0xb1, 0x09, 0xf3, 0xbb };
  struct vtpm_transfer_secret secret
      = { .kind = VTPM_TRANSFER_PASSWORD, .password_size = 8, .password = "password" };
  struct vtpm_transfer_key key;

  for (size_t size = 16; size <= 32; size += 16)
    {
      assert_success (vtpm_transfer_key_derive (&secret, VTPM_SWTPM_PBKDF2, size, &key, &error));
      cr_expect_eq (key.size, size);
      cr_expect_arr_eq (key.bytes, pbkdf2, sizeof (pbkdf2));
      assert_success (vtpm_transfer_key_derive (&secret, VTPM_SWTPM_SHA512, size, &key, &error));
      cr_expect_eq (key.size, size);
      cr_expect_arr_eq (key.bytes, sha512, sizeof (sha512));
    }
}

Test (transfer_secret, is_wiped)
{
  static const struct vtpm_transfer_secret zeroes;
  struct vtpm_transfer_secret secret
      = { .kind = VTPM_TRANSFER_PASSWORD, .password_size = 8, .password = "password" };

  vtpm_transfer_secret_wipe (&secret);
  cr_expect_arr_eq ((uint8_t *) &secret, (const uint8_t *) &zeroes, sizeof (secret));
}
